"""What a run reports, and to whom: callbacks of the loop, and of every evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memory_app.core.evaluation.progress_exam import Exchange
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings

Metrics = dict[str, float]
Validation = Mapping[str, float]


class Interrupted(Exception):
    """Raised by a callback within an evaluation, since the run is to end now."""


class Callback:
    """The events of the loop; every method may be left out."""

    def on_start(self, settings: TrainingSettings, step: int) -> None:
        """Before the first step of this process; `step` > 0 after a resume."""

    def on_step(self, step: int, metrics: Metrics) -> bool | None:
        """After each optimizer step. Return True to end the run after a save."""

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        """Every `evaluate_every` steps and at the end; the model is in eval mode.

        May raise Interrupted.
        """

    def on_save(self, step: int) -> None:
        """After each resumable save."""


class Watcher(Callback):
    """A callback that also gets the results of every evaluation."""

    def on_validation(self, step: int, bits_per_byte: Validation) -> None:
        """Bits per byte of each source that has validation dialogues."""

    def on_recall(self, step: int, shares: Mapping[str, float]) -> None:
        """Shares of right answers in a short exam, by gap."""

    def on_figures(self, step: int, figures: Mapping[str, float]) -> None:
        """A task's own figures, by the names of their curves (`accuracy/CORPUS`)."""

    def on_samples(self, step: int, exchanges: Sequence[Exchange]) -> None:
        """The model's replies to a few fixed prompts."""

    def breaks_off(self) -> bool:
        """Called between the parts of an evaluation: whether the run is to end without it."""
        return False
