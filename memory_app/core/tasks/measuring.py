"""What the evaluators of texts share: watchers, interruption, and the best weights so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.best_weights import BestWeights
from memory_app.core.training.callbacks import Callback, Interrupted, Watcher


class Measuring(Callback):
    """A task's `on_evaluate` measures, calls `offer` and tells the watchers; `measure` is its own.

    In a group of several only rank 0 has watchers and a folder: the others measure nothing.
    """

    def __init__(
        self, settings: TrainingSettings, watchers: Sequence[Callback], folder: Path | None
    ) -> None:
        self.watchers = [watcher for watcher in watchers if isinstance(watcher, Watcher)]
        keeps = folder is not None and settings.labels.keep == "best"
        self._best = BestWeights(folder) if folder is not None and keeps else None
        self.last: dict[str, float] = {}
        self.shares: dict[str, float] = {}
        self.figures: dict[str, Any] = {}

    @property
    def measures(self) -> bool:
        """Whether anything is told or kept."""
        return bool(self.watchers) or self._best is not None

    def as_callback(self) -> Callback:
        """Itself."""
        return self

    def poll(self) -> None:
        """Raises Interrupted where the run is to end without this evaluation."""
        if any(watcher.breaks_off() for watcher in self.watchers):
            raise Interrupted

    def on_start(self, settings: TrainingSettings, step: int) -> None:
        """A new run in this folder has no best weights yet."""
        if step == 0 and self._best is not None:
            self._best.discard()

    def offer(self, model: LanguageModel, step: int, score: Sequence[float]) -> None:
        """Keep these weights if their score is the highest so far, and weights are kept at all."""
        if self._best is not None:
            self._best.offer(model, step, score)

    def chosen(self, model: LanguageModel) -> LanguageModel:
        """The weights to publish: the best of the run where those are kept, with their figures."""
        if self._best is not None:
            self._best.load_into(model)
        model.eval()
        self.figures = self.measure(model)
        return model

    def measure(self, model: LanguageModel) -> dict[str, Any]:
        """The figures of the weights to publish, as config.json has them; may change them."""
        raise NotImplementedError
