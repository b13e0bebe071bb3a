"""What a run reads: every pair in both directions, some English sentences as people type them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from memory_app.core.data.dialogues import Encoded, Source, untidy
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks import epochs
from memory_app.core.tasks.translation.texts import TO_CHINESE, TO_ENGLISH, Pair, examples, pairs_of
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.trainer import TrainingError


class Epochs(epochs.Epochs):
    """Every pair twice an epoch, once in each direction."""

    def __init__(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> None:
        # A row has to be one window: attention reads the source of its own window.
        limit = min(settings.corpora.max_dialogue, settings.optimisation.window)
        rng = random.Random(settings.optimisation.seed)
        encoded = []
        self._untidy: dict[int, Encoded] = {}
        for source in sources:
            pairs = pairs_of(source.train)
            rows = examples(tokenizer, pairs, TO_CHINESE, limit)
            typed = [Pair(untidy(rng, row.pair.en), row.pair.zh) for row in rows]
            own = [row.encoded() for row in rows]
            for row, other in zip(own, examples(tokenizer, typed, TO_CHINESE, limit), strict=True):
                self._untidy[id(row)] = other.encoded()
            own += [row.encoded() for row in examples(tokenizer, pairs, TO_ENGLISH, limit)]
            encoded.append((own, source.weight))
        if not any(rows for rows, _ in encoded):
            raise TrainingError(
                "These corpora have no pairs. A row is a sentence in English and in Chinese."
            )
        super().__init__(settings, encoded, "pairs")

    def _rows(self, rng: random.Random) -> list[Encoded]:
        share = self._corpora.untidy
        rows = super()._rows(rng)
        return [self._untidy.get(id(row), row) if rng.random() < share else row for row in rows]
