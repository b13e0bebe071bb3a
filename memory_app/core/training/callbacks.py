"""Callbacks that are also told what every evaluation of a run found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memory_app.core.evaluation.progress_exam import Exchange
from memory_app.core.training.trainer import Callback

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
