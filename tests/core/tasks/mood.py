"""A task that the program does not have: is a text glad or not? Two classes, two answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from memory_app.core.data.batching import Batch, cut
from memory_app.core.data.dialogues import Encoded, Source, encode
from memory_app.core.evaluation.decode_greedy import greedy_replies
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.base import Task
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

LABELS = ("glad", "sad")


class Mood(Task):
    """Rows are dialogues of a text and its label; the label alone counts in the loss."""

    name = "mood"

    def batches(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> "Rows":
        return Rows(settings, sources, tokenizer)

    def evaluator(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None = None,
    ) -> "Accuracy":
        return Accuracy(sources, tokenizer)

    def metrics(self, checkpoint: Checkpoint, sources: Sequence[Source]) -> dict[str, Any]:
        return {"accuracy": share_right(checkpoint.model, checkpoint.tokenizer, sources)}


def share_right(model: LanguageModel, tokenizer: Tokenizer, sources: Sequence[Source]) -> float:
    """The share of right labels."""
    rows = [row for source in sources for row in source.valid]
    prompts = [tokenizer.prompt_ids(tokenizer.encode(row[0][1])) for row in rows]
    replies = greedy_replies(model, tokenizer, prompts, 4)
    right = [reply == row[1][1] for reply, row in zip(replies, rows, strict=True)]
    return sum(right) / len(right)


class Rows:
    """Every row once a pool."""

    def __init__(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> None:
        self._optimisation = settings.optimisation
        self._rows: list[Encoded] = [
            encode(tokenizer, row, [0.0, 1.0], settings.corpora.max_dialogue)
            for source in sources
            for row in source.train
        ]

    def pool(self, index: int, progress: float) -> list[Batch]:
        batches = cut(self._rows, self._optimisation.batch_tokens, self._optimisation.window)
        order = torch.randperm(len(batches), generator=torch.Generator().manual_seed(index))
        return [batches[place] for place in order.tolist()]


class Accuracy(Callback):
    def __init__(self, sources: Sequence[Source], tokenizer: Tokenizer) -> None:
        self._sources, self._tokenizer = sources, tokenizer
        self.last: dict[str, float] = {}
        self.shares: dict[str, float] = {}
        self.figures: dict[str, Any] = {}

    def as_callback(self) -> Callback:
        return self

    def chosen(self, model: LanguageModel) -> LanguageModel:
        return model

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        self.shares = {"accuracy": share_right(model, self._tokenizer, self._sources)}
