"""The right to carry out one run: taken by one conditional UPDATE, renewed, lost, given back.

Each claim raises the run's fence by one, and everything that the holder writes asks for its own
number. A random token would tell "mine" from "another's" as well; a number also says which of two
came later, and that is what files on disk need: a holder that was taken over and doesn't know it
writes its save under its own, lower number, and nobody reads it any more.
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
#: A holder that is silent for so long has lost its run even if its process lives: it hangs, or it
#: is on a machine that we can't see. One that died on this machine is known by its lock at once.
LEASE = timedelta(seconds=60)
#: Seconds between two heartbeats; between two looks at what a person asks of the run.
PULSE, LOOK = 5.0, 0.4
#: Seconds that a holder gets to save itself once it is asked to end. A step, a corpus being read or
#: a tokenizer being learned may take longer: then the run is taken from it, which its fence allows.
GRACE = 1.6
#: So many workers may die without another save before the run itself is what is wrong.
MOST_DEATHS = 5
#: Seconds before each new try while the database is away.
RETRIES = (0.2, 1.0, 3.0, 10.0)
T = TypeVar("T")


class LeaseLost(Exception):
    """Another has the run, or nobody: this process must not write any more of it."""


def patiently(work: Callable[[], T]) -> T:
    """Do it, again after a while where the database is away or locked."""
    for pause in RETRIES:
        try:
            return work()
        except (OperationalError, InterfaceError) as fault:
            outage_log.failed(fault, at="training")
            connection.close()
            time.sleep(pause)
    return work()


def has_lost_its_holder(run: TrainingRun) -> bool:
    """Whether whoever carried the run out is dead, or silent for too long."""
    if run.status not in HELD:
        return False
    old = run.heartbeat is None or timezone.now() - run.heartbeat > LEASE
    return old or process_liveness.is_dead(run.process, run.heartbeat)


def settle(run: TrainingRun, status: str, **fields: Any) -> bool:
    """End the run of a dead holder, unless somebody else has done anything with it meanwhile."""
    at = timezone.now() if status != RunStatus.PAUSED else None
    rows = TrainingRun.objects.filter(pk=run.pk, fence=run.fence, status=run.status)
    return bool(rows.update(status=status, fence=run.fence + 1, finished=at, **fields))


class Lease:
    """The right to carry out one run, renewed by a thread while the run is busy elsewhere."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.fence = run, run.fence
        #: Set when nothing may be written any more; set when a person wants the run to end.
        self.lost, self.asked = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lease", daemon=True)

    @classmethod
    def claim(cls, run_id: UUID, *, again: bool = False) -> "Lease | None":
        """The lease of a run that waits or has lost its holder; `again` takes ended ones too."""
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
        # The row as it was read has to be the row that is changed: of several that read it, the
        # row count tells one that it has won.
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
        # Another may have cancelled it or taken it already: then this lease is born lost.
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
        """Change the row while this lease is the one that counts; whether it was."""
        return bool(self._mine().update(**fields))

    def give_in(self, *, fence: int = 0, **fields: Any) -> bool:
        """Do what a person asked: the run is paused or cancelled. Whether anything was asked.

        With `fence` 1 the holder loses it too, whatever it is doing at the moment.
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
        """Put the run back into the queue, or do what a person has just asked of it."""
        while not (
            self.give_in(**fields)
            or self._mine()
            .filter(status=RunStatus.RUNNING)
            .update(status=RunStatus.QUEUED, process="", **fields)
            or not self._mine().exists()
        ):
            pass

    def record(self, step: int, metrics: Mapping[str, float]) -> None:
        """Keep figures of one step; said again after a resume, the first ones stand.

        Raises:
            LeaseLost: another has the run; nothing was kept.
        """
        rows = [
            TrainingMetric(run=self.run, step=step, name=name, value=value)
            for name, value in metrics.items()
            if math.isfinite(value)
        ]

        def keep() -> None:
            # One transaction, with the conditional UPDATE first: it holds the row against a claim
            # until the figures are there.
            with transaction.atomic():
                if not self.write(heartbeat=timezone.now()):
                    raise LeaseLost
                TrainingMetric.objects.bulk_create(rows, ignore_conflicts=True)

        patiently(keep)

    def forget_after(self, step: int) -> None:
        """Drop the figures of later steps: the run stands at this one, and does them again.

        Raises:
            LeaseLost: another has the run; nothing was dropped.
        """

        def drop() -> None:
            with transaction.atomic():
                if not self.write(heartbeat=timezone.now()):
                    raise LeaseLost
                for kind in (TrainingMetric, RunSample):
                    kind.objects.filter(run=self.run, step__gt=step).delete()

        patiently(drop)


def may_go_on(run: TrainingRun) -> bool:
    """What becomes of a run whose holder died: whether another may go on with it.

    What a person asked is done, though the holder didn't live to do it; and a run that takes every
    worker down with it fails, instead of doing so for ever.
    """
    if run.status in ASKED:
        settle(run, ASKED[RunStatus(run.status)])
        return False
    if run.deaths + 1 < MOST_DEATHS:
        return True
    said = Sentence(
        "Its worker died {count} times without reaching another save. The last save is of step "
        "{step}.",
        {"count": str(MOST_DEATHS), "step": str(run.saved)},
    )
    settle(
        run,
        RunStatus.FAILED,
        deaths=run.deaths + 1,
        error=str(said),
        error_said=said.to_dict(),
    )
    return False
