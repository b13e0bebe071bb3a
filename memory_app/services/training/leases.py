"""The right to carry out one run: claimed by one conditional UPDATE, renewed, lost, released.

Each claim raises the run's fence by one, and every write of the holder requires its own number. A
random token would distinguish holders as well; a number also says which of two came later, and
files on disk need that: a holder that was replaced without noticing writes its save under its own,
lower number, which no process reads any more.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from memory_app import outage_log, process_liveness
from memory_app.core.messages import Sentence
from memory_app.models import ASKED, HELD, RunSample, RunStatus, TrainingMetric, TrainingRun

log = logging.getLogger(__name__)
#: Seconds of silence after which a holder has lost its run even if its process lives: it hangs, or
#: it is on another machine. One that died on this machine is known by its lock at once.
LEASE = timedelta(seconds=60)
#: Seconds between two heartbeats; between two looks for a person's request.
PULSE, LOOK = 5.0, 0.4
#: Seconds that a holder gets to save once it is asked to end. A step, reading a corpus or learning
#: a tokenizer may take longer: then the run is taken from it, which its fence allows.
GRACE = 1.6
#: Deaths of workers without another save, after which the run itself counts as the cause.
MOST_DEATHS = 5
#: Seconds before each retry while the database is away.
RETRIES = (0.2, 1.0, 3.0, 10.0)
T = TypeVar("T")
#: Whether the process that carries a run out is about to end.
Ending = Callable[[], bool]


class LeaseLost(Exception):
    """Another process has the run, or none: this one must not write to it any more."""


def patiently(work: Callable[[], T]) -> T:
    """Call it, with retries while the database is away or locked."""
    for pause in RETRIES:
        try:
            return work()
        except (OperationalError, InterfaceError) as fault:
            outage_log.failed(fault, at="training")
            connection.close()
            time.sleep(pause)
    return work()


def has_lost_its_holder(run: TrainingRun) -> bool:
    """Whether the holder is dead, or silent for too long."""
    if run.status not in HELD:
        return False
    old = run.heartbeat is None or timezone.now() - run.heartbeat > LEASE
    return old or process_liveness.is_dead(run.process, run.heartbeat)


def settle(run: TrainingRun, status: str, **fields: Any) -> bool:
    """End the run of a dead holder, unless the row has changed meanwhile."""
    at = timezone.now() if status != RunStatus.PAUSED else None
    rows = TrainingRun.objects.filter(pk=run.pk, fence=run.fence, status=run.status)
    return bool(rows.update(status=status, fence=run.fence + 1, finished=at, **fields))


class Lease:
    """The right to carry out one run, renewed by a thread while the run is busy elsewhere."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.fence = run, run.fence
        #: Set when this process must not write any more; set when a person wants the run to end.
        self.lost, self.asked = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lease", daemon=True)

    @classmethod
    def claim(cls, run_id: UUID, *, again: bool = False) -> "Lease | None":
        """Claim a run that waits or has lost its holder; `again` takes ended ones too."""
        run = TrainingRun.objects.filter(pk=run_id).first()
        if run is None:
            return None
        orphaned = has_lost_its_holder(run)
        ended = run.status in {RunStatus.PAUSED, RunStatus.CANCELLED, RunStatus.FAILED}
        if not (run.status == RunStatus.QUEUED or orphaned or (again and ended)):
            return None
        if orphaned and not may_go_on(run):
            return None
        now = timezone.now()
        # Conditional on the row as it was read: of several processes that read it, the row count
        # tells one that it has won.
        won = TrainingRun.objects.filter(pk=run.pk, fence=run.fence, status=run.status).update(
            fence=run.fence + 1,
            status=RunStatus.RUNNING,
            process=process_liveness.process_id(),
            heartbeat=now,
            started=Coalesce("started", Value(now)),
            finished=None,
            error="",
            error_said={},
            deaths=run.deaths + 1 if orphaned else 0 if ended else run.deaths,
        )
        # Another process may have cancelled or claimed it already: then this lease is lost at once.
        held = TrainingRun.objects.filter(pk=run.pk, fence=run.fence + 1).first() if won else None
        return cls(held) if held else None

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        beaten, asked_at = time.monotonic(), 0.0
        try:
            while not self._ended.wait(LOOK):
                try:
                    status = self._mine().values_list("status", flat=True).first()
                    if status is None:
                        self.lost.set()
                        return
                    if status in ASKED:
                        self.asked.set()
                        asked_at = asked_at or time.monotonic()
                        if time.monotonic() - asked_at > GRACE and self.give_in(fence=1):
                            self.lost.set()
                            return
                    if time.monotonic() - beaten > PULSE:
                        self.write(heartbeat=timezone.now())
                        beaten = time.monotonic()
                except Exception as fault:
                    if not outage_log.failed(fault, at="lease"):
                        log.warning("a run's heartbeat failed", exc_info=True)
                    connection.close()
        finally:
            connection.close()

    def _mine(self) -> Any:
        return TrainingRun.objects.filter(pk=self.run.pk, fence=self.fence)

    def write(self, **fields: Any) -> bool:
        """Change the row while this lease is current; returns whether it was."""
        return bool(self._mine().update(**fields))

    def give_in(self, *, fence: int = 0, **fields: Any) -> bool:
        """Carry out a person's request: pause or cancel the run. Whether there was one.

        With `fence` 1 the holder loses it too, in whatever state it is.
        """
        for asked, done in ASKED.items():
            finished = timezone.now() if done == RunStatus.CANCELLED else None
            if (
                self._mine()
                .filter(status=asked)
                .update(status=done, finished=finished, fence=self.fence + fence, **fields)
            ):
                return True
        return False

    def give_back(self, **fields: Any) -> None:
        """Return the run to the queue, or carry out a request that has just come."""
        while not (
            self.give_in(**fields)
            or self._mine()
            .filter(status=RunStatus.RUNNING)
            .update(status=RunStatus.QUEUED, process="", **fields)
            or not self._mine().exists()
        ):
            pass

    def record(self, step: int, metrics: Mapping[str, float]) -> None:
        """Store figures of one step; repeated after a resume, the first ones are kept.

        Raises:
            LeaseLost: another process has the run; nothing was stored.
        """
        rows = [
            TrainingMetric(run=self.run, step=step, name=name, value=value)
            for name, value in metrics.items()
            if math.isfinite(value)
        ]

        def keep() -> None:
            # One transaction, with the conditional UPDATE first: it holds the row against a claim
            # until the figures are stored.
            with transaction.atomic():
                if not self.write(heartbeat=timezone.now()):
                    raise LeaseLost
                TrainingMetric.objects.bulk_create(rows, ignore_conflicts=True)

        patiently(keep)

    def forget_after(self, step: int) -> None:
        """Delete the figures of later steps: the run is back at this one, and repeats them.

        Raises:
            LeaseLost: another process has the run; nothing was deleted.
        """

        def drop() -> None:
            with transaction.atomic():
                if not self.write(heartbeat=timezone.now()):
                    raise LeaseLost
                for kind in (TrainingMetric, RunSample):
                    kind.objects.filter(run=self.run, step__gt=step).delete()

        patiently(drop)


def may_go_on(run: TrainingRun) -> bool:
    """Whether another process may go on with a run whose holder died.

    A pending request is carried out first; and a run that kills every worker fails, instead of
    doing so for ever.
    """
    if run.status in ASKED:
        settle(run, ASKED[RunStatus(run.status)])
        return False
    if run.deaths + 1 < MOST_DEATHS:
        return True
    reason = Sentence(
        "Its worker died {count} times without reaching another save. The last save is of step "
        "{step}.",
        {"count": str(MOST_DEATHS), "step": str(run.saved)},
    )
    settle(
        run,
        RunStatus.FAILED,
        deaths=run.deaths + 1,
        error=str(reason),
        error_said=reason.to_dict(),
    )
    return False
