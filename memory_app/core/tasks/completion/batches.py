"""What a run reads: every text as often as its corpus's weight says, in a new order each epoch."""

from __future__ import annotations

import random
from collections.abc import Sequence

from memory_app.core.data.batching import Batch, cut
from memory_app.core.data.dialogues import Encoded, Source
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.completion.texts import examples
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.trainer import TrainingError


class Epochs:
    """Pool k is epoch k; texts are sorted by length among `pool_tokens` of them."""

    def __init__(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> None:
        self._optimisation, self._corpora = settings.optimisation, settings.corpora
        marks = settings.texts.line_marks == "lengths"
        self._sources: list[tuple[list[Encoded], float]] = []
        for source in sources:
            rows = examples(
                tokenizer, source.train, marks=marks, limit=settings.corpora.max_dialogue
            )
            self._sources.append(([row.encoded() for row in rows], source.weight))
        if not any(rows for rows, _ in self._sources):
            raise TrainingError(
                "These corpora have no plain text. A row is a text, or its prime and it."
            )

    def pool(self, index: int, progress: float) -> list[Batch]:
        """The batches of one epoch, a function of its index alone."""
        rng = random.Random(f"{self._optimisation.seed}/plain/{index}")
        rows: list[Encoded] = []
        for own, weight in self._sources:
            whole, part = divmod(weight, 1.0)
            rows += own * int(whole) + rng.sample(own, round(part * len(own)))
        rng.shuffle(rows)
        batches: list[Batch] = []
        together: list[Encoded] = []
        tokens = 0
        for row in rows:
            together.append(row)
            tokens += len(row)
            if tokens >= self._corpora.pool_tokens:
                batches += self._cut(together)
                together, tokens = [], 0
        batches += self._cut(together)
        rng.shuffle(batches)
        return batches

    def _cut(self, rows: list[Encoded]) -> list[Batch]:
        return cut(rows, self._optimisation.batch_tokens, self._optimisation.window)
