"""What every evaluation of a speech run measures: word error rates on voices it never hears."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.best_weights import BestWeights
from memory_app.core.tasks.speech.cast import Cast
from memory_app.core.tasks.speech.figures import word_error_rate
from memory_app.core.tasks.speech.held_out import held_out_utterances, is_held_out
from memory_app.core.tasks.speech.reading import words_heard
from memory_app.core.training.callbacks import Callback, Interrupted, Watcher

#: The name of the held-out voices in curves.
SOURCE = "voices"


class SpeechEvaluator(Callback):
    """Measures the held-out voices; keeps the weights of the best evaluation on disk."""

    def __init__(
        self,
        settings: TrainingSettings,
        cast: Cast,
        watchers: Sequence[Callback],
        folder: Path | None,
    ) -> None:
        self._cast = cast  # kept for the batches of the same run
        self._said = held_out_utterances([one for one in cast.speakers if is_held_out(one)])
        self._watchers = [watcher for watcher in watchers if isinstance(watcher, Watcher)]
        self._best = BestWeights(folder) if folder and settings.labels.keep == "best" else None
        self.last: dict[str, float] = {}
        self.shares: dict[str, float] = {}
        self.figures: dict[str, Any] = {}

    def as_callback(self) -> Callback:
        """Itself."""
        return self

    def _poll(self) -> None:
        if any(watcher.breaks_off() for watcher in self._watchers):
            raise Interrupted

    def on_start(self, settings: TrainingSettings, step: int) -> None:
        """A new run in this folder has no best weights yet."""
        if step == 0 and self._best is not None:
            self._best.discard()

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        if not self._said or not (self._watchers or self._best):
            return
        rate = self._measure(model)
        if self._best is not None:
            self._best.offer(model, step, [-rate])
        for watcher in self._watchers:
            watcher.on_figures(step, {f"wer/{SOURCE}": rate})

    def _measure(self, model: LanguageModel) -> float:
        heard = words_heard(model, [one.frames for one in self._said], self._poll)
        return word_error_rate([one.words for one in self._said], heard)

    def chosen(self, model: LanguageModel) -> LanguageModel:
        """The weights to publish: the best of the run where those are kept, with their figures."""
        if self._best is not None:
            self._best.load_into(model)
        model.eval()
        if self._said:
            self.figures = {"wer": self._measure(model), "utterances": len(self._said)}
        return model
