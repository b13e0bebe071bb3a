"""What a run reads: every labelled text once a pool, its label the target at every token."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from memory_app.core.data.batching import Batch
from memory_app.core.data.dialogues import Source
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.epochs import weighted_rows
from memory_app.core.tasks.sentiment.texts import Example, examples
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.trainer import TrainingError

#: Batches whose texts are sorted by length together: rows of a batch are nearly equally long.
SORTED_TOGETHER = 20


@dataclass(frozen=True, slots=True)
class LabelBatch(Batch):
    """Texts [B, T]; `labels` int64 [B] are the target at each token that has a weight."""

    labels: Tensor

    def windows(self, width: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """(inputs, labels, weights), each [B, ≤ width], in order."""
        for start in range(0, self.ids.shape[1], width):
            stop = min(start + width, self.ids.shape[1])
            inputs = self.ids[:, start:stop]
            yield inputs, self.labels[:, None].expand_as(inputs), self.weights[:, start:stop]


def token_weights(length: int, running: float) -> np.ndarray:
    """Weights of the scores after each of `length` tokens, float32: 1 for the last.

    Those before share `running`, the k-th proportional to k: after two words little can be said.
    """
    weights = np.zeros(length, np.float32)
    if length > 1 and running:
        rising = np.arange(1, length, dtype=np.float32)
        weights[:-1] = running * rising / rising.sum()
    weights[-1] = 1.0
    return weights


def label_batch(rows: Sequence[Example], running: float) -> LabelBatch:
    """Texts side by side, zeros (of no weight) behind the shorter ones."""
    width = max(len(row) for row in rows)
    ids = np.zeros((len(rows), width), np.int64)
    weights = np.zeros((len(rows), width), np.float32)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row.ids
        weights[index, : len(row)] = token_weights(len(row), running)
    labels = torch.tensor([row.label for row in rows])
    return LabelBatch(torch.from_numpy(ids), torch.from_numpy(weights), labels)


class Epochs:
    """Pool k is epoch k: each text of each source, as often as its weight says, in a new order."""

    def __init__(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> None:
        self._labels, self._seed = settings.labels, settings.optimisation.seed
        self._sources = [
            (examples(tokenizer, source.train, settings.labels.text_tokens), source.weight)
            for source in sources
        ]
        if not any(rows for rows, _ in self._sources):
            raise TrainingError(
                "No text of these corpora has the label positive or negative. A row is a text and"
                " its label."
            )

    def pool(self, index: int, progress: float) -> list[Batch]:
        """The batches of one epoch, a function of its index alone."""
        rng = random.Random(f"{self._seed}/texts/{index}")
        rows = weighted_rows(rng, self._sources)
        size = self._labels.batch_texts
        batches: list[Batch] = []
        for start in range(0, len(rows), size * SORTED_TOGETHER):
            together = sorted(rows[start : start + size * SORTED_TOGETHER], key=len)
            batches += [
                label_batch(together[place : place + size], self._labels.running_weight)
                for place in range(0, len(together), size)
            ]
        rng.shuffle(batches)
        return batches
