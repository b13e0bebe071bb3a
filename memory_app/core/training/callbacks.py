"""Whoever looks on while a run goes on, and what every evaluation measures for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memory_app.core.data.dialogues import Source
from memory_app.core.evaluation.perplexity import evaluate_perplexity
from memory_app.core.evaluation.progress_exam import Exchange, ProgressExam
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.trainer import Callback, Interrupted

# A validation that took longer than the training between two of them would be no help.
VALIDATION_DIALOGUES = 60

Validation = Mapping[str, float]


class Watcher(Callback):
    """A callback that is also told what every evaluation found."""

    def on_validation(self, step: int, bits_per_byte: Validation) -> None:
        """Bits per byte of each source that has validation dialogues."""

    def on_recall(self, step: int, shares: Mapping[str, float]) -> None:
        """Shares of right answers in a short exam, by gap."""

    def on_samples(self, step: int, exchanges: Sequence[Exchange]) -> None:
        """What the model said to a few fixed prompts."""

    def breaks_off(self) -> bool:
        """Asked between the parts of an evaluation: whether the run is to end without it."""
        return False


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
        self._exam = ProgressExam(tokenizer, settings.language) if self._watchers else None
        self.last: dict[str, float] = {}
        self.shares: dict[str, float] = {}

    def _poll(self, rows: int = 0) -> None:
        if any(watcher.breaks_off() for watcher in self._watchers):
            raise Interrupted

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        self._poll()
        if self._valid:
            figures = evaluate_perplexity(model, self._tokenizer, self._valid, self._poll)
            self.last = {
                name: source["bits_per_byte"]
                for name, source in figures["per_source"].items()
                if source["bits_per_byte"] is not None
            }
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
