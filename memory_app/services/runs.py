"""A training run's life: launched as a row, claimed by one worker, carried out, published.

The row is the truth and the broker only a hint: whoever carries a run out claims it by one
conditional UPDATE, renews its lease, and writes nothing once another has claimed it.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from celery import current_app
from django.conf import settings as site
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from memory_app import registry
from memory_app.models import (
    Checkpoint,
    Corpus,
    ParameterSearch,
    RunStatus,
    TrainingMetric,
    TrainingRun,
    WorkerHeartbeat,
)
from memory_app.training.settings import PRESETS, SettingsError

log = logging.getLogger(__name__)
TASK = "memory_app.tasks.train"
#: Seconds: a run whose heartbeat is older has lost its worker; between two heartbeats.
LEASE, PULSE = 60.0, 5.0


class RunError(ValueError):
    """A run that can't be launched or resumed; its message is one sentence for a person."""


class LeaseLost(Exception):
    """Another worker has claimed the run; this one must not write any more."""


def run_folder(run: TrainingRun) -> Path:
    """Where a run keeps its tokenizer and its resumable save."""
    return Path(site.DATA_DIR) / "runs" / str(run.pk)


@transaction.atomic
def run_launch(
    *,
    preset: str,
    corpora: Sequence[tuple[str, float]],
    changes: Mapping[str, Any] | None = None,
    name: str = "",
    enqueue: bool = True,
    parent: Checkpoint | None = None,
    by: User | None = None,
    search: ParameterSearch | None = None,
) -> TrainingRun:
    """A queued run; the worker is told once the row is there for it to find.

    With `parent` it begins from that checkpoint's weights, in that checkpoint's shape.

    Raises:
        RunError: no such preset or corpus, or a setting that can't be.
    """
    if preset not in PRESETS:
        raise RunError(f"There is no preset {preset!r}: take one of {', '.join(PRESETS)}.")
    known = {row.name: row for row in Corpus.objects.filter(split="train")}
    for corpus, weight in corpora:
        if corpus not in known:
            raise RunError(f"There is no training corpus {corpus!r}.")
        if not 0 < weight <= 1000:
            raise RunError(f"The weight of {corpus!r} must lie above 0 and be at most 1,000.")
    languages = {known[corpus].language for corpus, _ in corpora}
    if len(languages) > 1:
        raise RunError("The corpora are of different languages.")
    try:
        chosen = PRESETS[preset]
        if languages:
            chosen = chosen.changed({"language": languages.pop()})
        if parent is not None:
            chosen = chosen.changed({"hidden_size": parent.hidden_size})
        chosen = chosen.changed({**(changes or {}), **(parent.shape if parent else {})})
    except SettingsError as fault:
        raise RunError(str(fault)) from fault
    if not corpora and not chosen.facts + chosen.identity:
        raise RunError("There is nothing to learn from: name a corpus or set facts above 0.")
    run = TrainingRun.objects.create(
        name=name or f"{preset} {timezone.now():%Y-%m-%d %H:%M}",
        preset=preset,
        settings=chosen.to_dict(),
        corpora=[[corpus, weight] for corpus, weight in corpora],
        total_steps=chosen.steps,
        parent=parent,
        started_by=by,
        search=search,
    )
    if enqueue:
        transaction.on_commit(lambda: run_enqueue(run=run))
    return run


def broker_folders() -> None:
    """Make the folders of the broker on disk, which neither end of it makes by itself."""
    for name, folder in site.CELERY_BROKER_TRANSPORT_OPTIONS.items():
        if name.endswith("_folder") or name.startswith("data_folder"):
            Path(str(folder)).mkdir(parents=True, exist_ok=True, mode=0o700)


def run_enqueue(*, run: TrainingRun) -> None:
    """Tell the worker of a queued run; told twice, it finds the row claimed."""
    broker_folders()
    current_app.send_task(TASK, [str(run.pk)])


def run_cancel(*, run: TrainingRun) -> bool:
    """Ask a run to end: at once while it waits, at its next step while it runs."""
    waiting = TrainingRun.objects.filter(pk=run.pk, status=RunStatus.QUEUED)
    if waiting.update(status=RunStatus.CANCELLED, finished=timezone.now()):
        return True
    running = TrainingRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING)
    return bool(running.update(status=RunStatus.CANCELLING))


def run_pause(*, run: TrainingRun) -> bool:
    """Ask a run to stand still: at once while it waits, within seconds while it runs."""
    waiting = TrainingRun.objects.filter(pk=run.pk, status=RunStatus.QUEUED)
    if waiting.update(status=RunStatus.PAUSED):
        return True
    running = TrainingRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING)
    return bool(running.update(status=RunStatus.PAUSING))


@transaction.atomic
def run_resume(*, run: TrainingRun) -> bool:
    """Put a paused, cancelled or failed run back into the queue; it goes on from its last save."""
    ended = [RunStatus.PAUSED, RunStatus.CANCELLED, RunStatus.FAILED]
    rows = TrainingRun.objects.filter(pk=run.pk, status__in=ended)
    if not rows.update(status=RunStatus.QUEUED, error="", finished=None):
        return False
    transaction.on_commit(lambda: run_enqueue(run=run))
    return True


def runs_recover() -> int:
    """Tell the worker of every run that waits or has lost its worker; how many there were."""
    stale = timezone.now() - timedelta(seconds=LEASE)
    rows = TrainingRun.objects.filter(
        Q(status=RunStatus.QUEUED)
        | Q(status__in=[RunStatus.RUNNING, RunStatus.CANCELLING], heartbeat__lt=stale)
    )
    for run in rows:
        run_enqueue(run=run)
    return len(rows)


def worker_pulse(*, name: str) -> None:
    """The worker of this name lives; /readyz looks for it."""
    WorkerHeartbeat.objects.update_or_create(name=name, defaults={"seen": timezone.now()})


def run_find(name: str) -> TrainingRun:
    """The run of this id, or of this name where only one has it.

    Raises:
        RunError: there is none, or several have the name.
    """
    try:
        found = list(TrainingRun.objects.filter(pk=UUID(name)))
    except ValueError:
        found = list(TrainingRun.objects.filter(name=name))
    if len(found) != 1:
        few = "no run" if not found else "more than one run named"
        raise RunError(f"There is {few} {name!r}.")
    return found[0]


class Lease:
    """The right to carry out one run, renewed by a thread while the run is busy elsewhere."""

    def __init__(self, run: TrainingRun, token: UUID) -> None:
        self.run, self.token = run, token
        self.lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    @classmethod
    def claim(cls, run_id: UUID, *, again: bool = False) -> "Lease | None":
        """The lease of a run that waits or has lost its worker; `again` takes ended ones too."""
        now = timezone.now()
        stale = now - timedelta(seconds=LEASE)
        free = Q(status=RunStatus.QUEUED) | Q(
            status__in=[RunStatus.RUNNING, RunStatus.CANCELLING], heartbeat__lt=stale
        )
        if again:
            free |= Q(status__in=[RunStatus.FAILED, RunStatus.CANCELLED])
        token = uuid4()
        # A cancel that its worker never saw stays one: the next worker ends it at its first step.
        won = TrainingRun.objects.filter(free, pk=run_id).exclude(
            status=RunStatus.CANCELLING
        ).update(
            status=RunStatus.RUNNING, lease=token, heartbeat=now, error="", finished=None
        ) or TrainingRun.objects.filter(free, pk=run_id, status=RunStatus.CANCELLING).update(
            lease=token, heartbeat=now
        )
        if not won:
            return None
        return cls(TrainingRun.objects.get(pk=run_id), token)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._ended.wait(PULSE):
            try:
                if not self.write(heartbeat=timezone.now()):
                    self.lost.set()
                    return
            except Exception:
                log.warning("a run's heartbeat failed", exc_info=True)
            finally:
                connection.close()

    def write(self, **fields: Any) -> bool:
        """Change the row while this lease is the one that counts; whether it was."""
        return bool(TrainingRun.objects.filter(pk=self.run.pk, lease=self.token).update(**fields))

    def is_cancelled(self) -> bool:
        """Whether a person has asked the run to end."""
        return TrainingRun.objects.filter(pk=self.run.pk, status=RunStatus.CANCELLING).exists()

    def record(self, step: int, metrics: Mapping[str, float]) -> None:
        """Keep figures of one step; said again after a resume, the first ones stand."""
        TrainingMetric.objects.bulk_create(
            [
                TrainingMetric(run=self.run, step=step, name=name, value=value)
                for name, value in metrics.items()
            ],
            ignore_conflicts=True,
        )


#: Whether the process that carries a run out is about to end.
Ending = Callable[[], bool]


def run_execute(
    *,
    run_id: UUID,
    again: bool = False,
    callbacks: Sequence[Any] = (),
    ending: Ending = lambda: False,
) -> TrainingRun | None:
    """Carry out a run to its end, or until it is cancelled or its process ends.

    None: another worker has it, or it has ended. A run whose process ends goes back to the queue
    and is resumed from its last save.
    """
    lease = Lease.claim(run_id, again=again)
    if lease is None:
        return None
    # The trainer brings torch's compiler along; a site that never trains never loads it.
    from memory_app.services.training import carry_out

    with lease:
        try:
            outcome = carry_out(lease, callbacks, ending)
        except LeaseLost:
            log.warning("run taken over by another worker", extra={"run": str(run_id)})
            return None
        except KeyboardInterrupt:
            # A person at the terminal ended it; --resume goes on from its last save.
            lease.write(status=RunStatus.CANCELLED, finished=timezone.now())
            raise
        except Exception as fault:
            # Our own errors say in one sentence what is wrong; anything else is a fault of ours.
            known = type(fault).__module__.startswith("memory_app.")
            facts = {"run": str(run_id), "reason": str(fault)}
            log.error("run failed", extra=facts, exc_info=None if known else fault)
            lease.write(
                status=RunStatus.FAILED,
                error=str(fault)[:2000] or type(fault).__name__,
                finished=timezone.now(),
            )
        else:
            if outcome.checkpoint is not None:
                lease.write(
                    status=RunStatus.FINISHED,
                    step=outcome.step,
                    checkpoint=registry.register(outcome.checkpoint, name=lease.run.name),
                    finished=timezone.now(),
                )
            elif lease.is_cancelled():
                lease.write(status=RunStatus.CANCELLED, step=outcome.step, finished=timezone.now())
            else:
                lease.write(status=RunStatus.QUEUED, step=outcome.step, lease=None)
    return TrainingRun.objects.get(pk=run_id)
