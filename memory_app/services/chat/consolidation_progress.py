"""How far a consolidation has come: its stage, percent, counts and the time left."""

import time
from collections.abc import Callable, Sequence
from typing import Any

#: The stages in their order, each with the seconds of one core that it takes on the bundled model.
STAGES = {"statistics": 35.0, "rehearsal": 3.0, "fit": 5.0, "exam": 15.0}
#: Seconds between two writes within a stage.
PACE = 0.5
#: Seconds, and the share of the work, after which the rate says how long the rest takes.
RATED_AFTER, RATED_FROM = 3.0, 0.05


class ConsolidationProgress:
    """The progress through these stages; `write(percent, progress)` stores it.

    `progress` has `stage`, `number` (from 1) and `stages`, and where they are known `done`, `total`
    (questions or texts) and `left` (seconds).
    """

    def __init__(self, stages: Sequence[str], write: Callable[[int, dict[str, Any]], None]) -> None:
        self._stages = list(stages)
        self._all = sum(STAGES[name] for name in stages)
        self._write = write
        self._began = self._written = time.monotonic()
        self._share = 0.0
        self.enter(self._stages[0])

    def enter(self, stage: str) -> None:
        """A stage begins: it is written at once."""
        self._stage = stage
        self._counts: dict[str, int] = {}
        self._at(0.0, soon=True)

    def share(self, share: float) -> None:
        """This share of the stage is done."""
        self._at(share)

    def count(self, done: int, total: int) -> None:
        """Of the stage's `total` questions or texts `done` are done."""
        self._counts = {"done": done, "total": total}
        self._at(done / total if total else 0.0)

    def _at(self, share: float, soon: bool = False) -> None:
        place = self._stages.index(self._stage)
        before = sum(STAGES[name] for name in self._stages[:place])
        done = (before + share * STAGES[self._stage]) / self._all
        self._share = max(self._share, done)  # a fit that is repeated takes nothing back
        now = time.monotonic()
        if not soon and now - self._written < PACE:
            return
        self._written = now
        progress: dict[str, Any] = {
            "stage": self._stage, "number": place + 1, "stages": len(self._stages), **self._counts,
        }  # fmt: skip
        passed = now - self._began
        if passed >= RATED_AFTER and self._share >= RATED_FROM:
            progress["left"] = round(passed * (1 - self._share) / self._share)
        self._write(min(99, max(1, round(100 * self._share))), progress)
