"""What a run reads whose rows are texts: each as often as its corpus's weight says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from memory_app.core.data.batching import Batch, cut
from memory_app.core.data.dialogues import Encoded
from memory_app.core.run_settings import TrainingSettings

Row = TypeVar("Row")


def weighted_rows(rng: random.Random, sources: Sequence[tuple[Sequence[Row], float]]) -> list[Row]:
    """The rows of one epoch, in its order: (rows, weight) of each source, a part of them drawn."""
    rows: list[Row] = []
    for own, weight in sources:
        whole, part = divmod(weight, 1.0)
        rows += list(own) * int(whole) + rng.sample(own, round(part * len(own)))
    rng.shuffle(rows)
    return rows


class Epochs:
    """Pool k is epoch k; texts are sorted by length among `pool_tokens` of them."""

    def __init__(
        self,
        settings: TrainingSettings,
        sources: Sequence[tuple[Sequence[Encoded], float]],
        name: str,
    ) -> None:
        self._optimisation, self._corpora = settings.optimisation, settings.corpora
        self._sources, self._name = sources, name

    def pool(self, index: int, progress: float) -> list[Batch]:
        """The batches of one epoch, a function of its index alone."""
        rng = random.Random(f"{self._optimisation.seed}/{self._name}/{index}")
        batches: list[Batch] = []
        together: list[Encoded] = []
        tokens = 0
        for row in self._rows(rng):
            together.append(row)
            tokens += len(row)
            if tokens >= self._corpora.pool_tokens:
                batches += self._cut(together)
                together, tokens = [], 0
        batches += self._cut(together)
        rng.shuffle(batches)
        return batches

    def _rows(self, rng: random.Random) -> list[Encoded]:
        """The texts of one epoch, in its order."""
        return weighted_rows(rng, self._sources)

    def _cut(self, rows: list[Encoded]) -> list[Batch]:
        return cut(rows, self._optimisation.batch_tokens, self._optimisation.window)
