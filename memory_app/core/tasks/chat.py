"""The chat: dialogues whose replies are learned, facts to remember, a short exam on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.data.batching import Mixture
from memory_app.core.data.dialogues import Source
from memory_app.core.evaluation.perplexity import evaluate_perplexity
from memory_app.core.evaluation.progress_exam import ProgressExam
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.base import Task
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback, Interrupted, Watcher
from memory_app.core.training.trainer import TrainingError

# A validation that took longer than the training between two of them would be no help.
VALIDATION_DIALOGUES = 60


class Chat(Task):
    """Corpora of dialogues, the fact generator and the identity exchanges, mixed."""

    name = CHAT_TASK
    serves_chats = True

    def batches(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> Mixture:
        if not sources and not settings.curriculum.facts + settings.curriculum.identity:
            raise TrainingError(
                "There is nothing to train on. Choose a corpus or set facts above 0."
            )
        return Mixture(settings, sources, tokenizer)

    def evaluator(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None = None,
    ) -> Evaluator:
        return Evaluator(settings, sources, tokenizer, watchers)

    def metrics(self, checkpoint: Checkpoint, sources: Sequence[Source]) -> dict[str, Any]:
        """Bits per byte of each source that has validation dialogues."""
        rows = {source.name: list(source.valid) for source in sources if source.valid}
        return bits_per_byte(evaluate_perplexity(checkpoint.model, checkpoint.tokenizer, rows))


class Evaluator(Callback):
    """Measures the model and tells the watchers; the same at every evaluation of every run."""

    def __init__(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
    ) -> None:
        self._valid = {s.name: list(s.valid[:VALIDATION_DIALOGUES]) for s in sources if s.valid}
        self._tokenizer = tokenizer
        self._watchers = [watcher for watcher in watchers if isinstance(watcher, Watcher)]
        # A process that nobody listens to (rank 1 and above) measures nothing.
        self._exam = ProgressExam(tokenizer, settings.model.language) if self._watchers else None
        self.last: dict[str, float] = {}
        self.shares: dict[str, float] = {}
        self.figures: dict[str, Any] = {}

    def as_callback(self) -> Callback:
        """Itself."""
        return self

    def chosen(self, model: LanguageModel) -> LanguageModel:
        """The weights of the last step."""
        return model

    def _poll(self, rows: int = 0) -> None:
        if any(watcher.breaks_off() for watcher in self._watchers):
            raise Interrupted

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        self._poll()
        if self._valid:
            self.last = bits_per_byte(
                evaluate_perplexity(model, self._tokenizer, self._valid, self._poll)
            )
            for watcher in self._watchers:
                watcher.on_validation(step, self.last)
        if self._exam is None:
            return
        self.shares = self._exam.recall(model, self._poll)
        self._poll()
        exchanges = self._exam.samples(model)
        for watcher in self._watchers:
            if self.shares:
                watcher.on_recall(step, self.shares)
            watcher.on_samples(step, exchanges)


def bits_per_byte(figures: dict[str, Any]) -> dict[str, float]:
    """Of each source in an evaluation's figures its bits per byte, where it has any."""
    return {
        name: source["bits_per_byte"]
        for name, source in figures["per_source"].items()
        if source["bits_per_byte"] is not None
    }
