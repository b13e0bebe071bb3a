"""A training run's life: launched as a row, claimed by one worker, carried out, published.

The row is the truth and the broker only a hint: whoever carries a run out holds its lease
(leases.py), and a message that comes twice, late or never changes nothing but when a run begins.
"""

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings as site
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from memory_app import outage_log, outages
from memory_app.core.messages import Sentence, SentenceError, quoted
from memory_app.core.run_settings import PRESETS, SettingsError, TrainingSettings
from memory_app.core.text.graphemes import name_of, one_line
from memory_app.models import (
    Checkpoint,
    Corpus,
    ParameterSearch,
    RunStatus,
    TrainingRun,
    WorkerHeartbeat,
)
from memory_app.services.operations.audit import audit_record
from memory_app.services.training.leases import (
    Lease,
    LeaseLost,
    has_lost_its_holder,
    may_go_on,
    patiently,
)
from memory_app.services.training.run_checks import memory_refusal, run_doubts
from memory_app.services.training.run_faults import run_fault

log = logging.getLogger(__name__)
TASK = "memory_app.tasks.train"
NOTE_MOST = 2000
#: A run with one of these stands still for good, unless a person resumes it.
ENDED = (RunStatus.FINISHED, RunStatus.CANCELLED, RunStatus.FAILED)
RESUMABLE = (RunStatus.PAUSED, RunStatus.CANCELLED, RunStatus.FAILED)


class RunError(SentenceError):
    """A run that can't be launched or resumed; its message is one sentence for a person."""


def run_folder(run: TrainingRun) -> Path:
    """Where a run keeps its tokenizer and its resumable save."""
    return Path(site.DATA_DIR) / "runs" / str(run.pk)


def run_settings(
    *,
    preset: str,
    corpora: Sequence[tuple[str, float]],
    changes: Mapping[str, Any] | None = None,
    parent: Checkpoint | None = None,
) -> TrainingSettings:
    """What a run of these would be launched with; nothing is written.

    Raises:
        RunError: no such preset or corpus, or a setting that can't be.
    """
    if preset not in PRESETS:
        raise RunError(
            "There is no preset {name}. Choose one of {choices}.",
            field="preset",
            name=quoted(preset),
            choices=", ".join(PRESETS),
        )
    known = {row.name: row for row in Corpus.objects.filter(split="train")}
    for corpus, weight in corpora:
        if corpus not in known:
            raise RunError(
                "There is no training corpus {name}.", field="corpus", name=quoted(corpus)
            )
        if not known[corpus].file.is_file():
            raise RunError(
                "The file of the corpus {name} is missing.", field="corpus", name=quoted(corpus)
            )
        if not 0 < weight <= 1000:
            raise RunError(
                "The weight of {name} must be above 0 and at most 1,000.",
                field=f"weight.{known[corpus].pk}",
                name=quoted(corpus),
            )
    if len({name for name, _ in corpora}) < len(corpora):
        raise RunError("A corpus is listed twice. Give it a higher weight instead.", field="corpus")
    languages = {known[corpus].language for corpus, _ in corpora}
    if len(languages) > 1:
        raise RunError("The corpora have different languages.", field="corpus")
    try:
        chosen = PRESETS[preset]
        if languages:
            chosen = chosen.changed({"language": languages.pop()})
        if parent is not None:
            chosen = chosen.changed({"hidden_size": parent.hidden_size})
        chosen = chosen.changed({**(changes or {}), **(parent.shape if parent else {})})
    except SettingsError as fault:
        raise RunError(fault.sentence) from fault
    if not corpora and not chosen.curriculum.facts + chosen.curriculum.identity:
        raise RunError("There is nothing to train on. Choose a corpus or set facts above 0.")
    if refusal := memory_refusal(chosen):
        raise RunError(refusal, field="set.hidden_size")
    return chosen


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
        RunError: as `run_settings`.
    """
    chosen = run_settings(preset=preset, corpora=corpora, changes=changes, parent=parent)
    run = TrainingRun.objects.create(
        name=name_of(name) or f"{preset} {timezone.now():%Y-%m-%d %H:%M} UTC",
        preset=preset,
        settings=chosen.to_dict(),
        corpora=[[corpus, weight] for corpus, weight in corpora],
        total_steps=chosen.optimisation.steps,
        parent=parent,
        started_by=by,
        search=search,
    )
    if search is None:  # a search is one entry, with all its runs
        audit_record(
            user=by,
            action="run.launch",
            object=f"{run} ({run.pk})",
            detail={"preset": run.preset, "corpora": run.corpora},
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
    """Tell the worker of a queued run; told twice, it finds the row claimed.

    The row is what counts: where the broker is away, the worker is told later (`runs_recover`).
    """
    try:
        broker_folders()
        current_app.send_task(TASK, [str(run.pk)], retry=False)
    except Exception:
        log.warning("the worker can't be told of a run", extra={"run": str(run.pk)}, exc_info=True)


def run_cancel(*, run: TrainingRun) -> bool:
    """Ask a run to end for good: at once while it waits, within seconds while it runs."""
    idle = TrainingRun.objects.filter(pk=run.pk, status__in=[RunStatus.QUEUED, RunStatus.PAUSED])
    if idle.update(status=RunStatus.CANCELLED, finished=timezone.now()):
        return True
    return _ask(run, RunStatus.CANCELLING, [RunStatus.RUNNING, RunStatus.PAUSING])


def run_pause(*, run: TrainingRun) -> bool:
    """Ask a run to pause: at once while it waits, within seconds while it runs."""
    waiting = TrainingRun.objects.filter(pk=run.pk, status=RunStatus.QUEUED)
    if waiting.update(status=RunStatus.PAUSED):
        return True
    return _ask(run, RunStatus.PAUSING, [RunStatus.RUNNING])


def _ask(run: TrainingRun, status: RunStatus, of: Sequence[RunStatus]) -> bool:
    """Write the request into the row, and carry it out if the holder is dead."""
    if not TrainingRun.objects.filter(pk=run.pk, status__in=of).update(status=status):
        return False
    now = TrainingRun.objects.filter(pk=run.pk).first()
    if now is not None and has_lost_its_holder(now):
        may_go_on(now)
    return True


def corpora_missing(run: TrainingRun) -> list[str]:
    """Names of the run's corpora that have no train split, or whose file is missing."""
    names = {name for name, _weight in run.corpora}
    rows = Corpus.objects.filter(split="train", name__in=names)
    return sorted(names - {row.name for row in rows if row.file.is_file()})


def resume_refusal(run: TrainingRun) -> RunError | None:
    """Why a run can't be resumed, or None where it can."""
    missing = corpora_missing(run)
    if not missing:
        return None
    return RunError(
        "It can't be resumed: {missing} is no longer on this site.", missing=", ".join(missing)
    )


@transaction.atomic
def run_resume(*, run: TrainingRun) -> bool:
    """Return a paused, cancelled or failed run to the queue; it goes on from its last save.

    Raises:
        RunError: a corpus that it was started with is missing.
    """
    refusal = resume_refusal(run) if run.status in RESUMABLE else None
    if refusal is not None:
        raise refusal
    if not TrainingRun.objects.filter(pk=run.pk, status__in=RESUMABLE).update(
        status=RunStatus.QUEUED, error="", error_said={}, finished=None, deaths=0
    ):
        return False
    transaction.on_commit(lambda: run_enqueue(run=run))
    return True


@transaction.atomic
def run_describe(*, run: TrainingRun, name: str, note: str) -> bool:
    """Name a run, and keep a note about it; its checkpoint has a name of its own.

    Returns:
        Whether one or the other is new: a form that is sent twice changes nothing again.

    Raises:
        RunError: no name, or one or the other is too long or holds what can't be shown.
    """
    name, note = name.strip(), note.replace("\r\n", "\n").strip()
    if not name or len(name) > 200 or name != one_line(name):
        raise RunError("A run needs a name of 1 to 200 visible characters.", field="name")
    if len(note) > NOTE_MOST or "\0" in note:
        raise RunError("A note has at most {most} characters.", field="note", most=f"{NOTE_MOST:,}")
    same = Q(name=name, note=note)
    changed = TrainingRun.objects.filter(pk=run.pk).exclude(same).update(name=name, note=note)
    run.name, run.note = name, note
    return bool(changed)


def run_archive(*, run: TrainingRun, archived: bool) -> bool:
    """Leave an ended run out of the list, or return it; returns whether that could be done."""
    rows = TrainingRun.objects.filter(pk=run.pk, status__in=ENDED)
    return bool(rows.update(archived=archived))


@transaction.atomic
def run_delete(*, run: TrainingRun) -> bool:
    """Remove an ended run with its figures, samples, saves and log; its checkpoint stays.

    One statement decides, so that a resume at the same moment isn't lost.
    """
    folder = run_folder(run)
    if not TrainingRun.objects.filter(pk=run.pk, status__in=ENDED).delete()[0]:
        return False
    transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
    return True


def namesake_of(run: TrainingRun) -> Sentence | None:
    """That another run or checkpoint has the name of a new run, or None."""
    runs = TrainingRun.objects.filter(name=run.name).exclude(pk=run.pk)
    if not runs.exists() and not Checkpoint.objects.filter(name=run.name).exists():
        return None
    return Sentence(
        "Another run or checkpoint is also named {name}. Commands that are given this name will ask"
        " for an id instead.",
        {"name": quoted(run.name)},
    )


def launch_doubts(run: TrainingRun) -> list[Sentence]:
    """What a person who has launched this run should know at once: nothing stops it."""
    doubts = run_doubts(
        TrainingSettings.from_dict(run.settings),
        preset=PRESETS[run.preset],
        corpora=[name for name, _weight in run.corpora],
    )
    namesake = namesake_of(run)
    return [*([namesake] if namesake else []), *doubts]


def run_with_equal_weights(*, run: TrainingRun) -> TrainingRun | None:
    """An earlier run that ended with the same weights, and so with the same checkpoint."""
    if run.checkpoint_id is None:
        return None
    rows = TrainingRun.objects.filter(checkpoint=run.checkpoint_id, sequence__lt=run.sequence)
    return rows.order_by("sequence").first()


def runs_recover() -> int:
    """Tell the workers of every run that has lost its holder, and of the one that waits longest.

    One of those that wait is enough: whoever ends a run takes the next (`runs_next`).
    """
    lost = [
        run for run in TrainingRun.objects.held() if has_lost_its_holder(run) and may_go_on(run)
    ]
    for run in lost:
        run_enqueue(run=run)
    return len(lost) + runs_next()


def runs_next() -> int:
    """Tell the workers of the run that waits longest; how many there were to tell of, 0 or 1."""
    run = TrainingRun.objects.waiting().first()
    if run is not None:
        run_enqueue(run=run)
    return int(run is not None)


def worker_pulse(*, name: str) -> None:
    """The worker of this name lives; /readyz looks for it."""
    WorkerHeartbeat.objects.update_or_create(name=name, defaults={"seen": timezone.now()})


def run_find(name: str) -> TrainingRun:
    """The run of this id, or of this name where only one has it.

    Raises:
        RunError: none has it, or several have the name.
    """
    try:
        found = list(TrainingRun.objects.filter(pk=UUID(name)))
    except ValueError:
        found = list(TrainingRun.objects.filter(name=name))
    if len(found) != 1:
        if not found:
            raise RunError("There is no run {name}.", name=quoted(name))
        raise RunError("More than one run is named {name}.", name=quoted(name))
    return found[0]


#: Whether the process that carries a run out is about to end.
Ending = Callable[[], bool]


def run_execute(
    *,
    run_id: UUID,
    again: bool = False,
    callbacks: Sequence[Any] = (),
    ending: Ending = lambda: False,
    group: Any = None,
) -> TrainingRun | None:
    """Carry out a run to its end, or until it is paused or cancelled or its process ends.

    None: another worker has it, it has ended, or there is no such run. A run whose process ends
    goes back to the queue and is resumed from its last save. `again` takes one that a person, or a
    fault, has ended. `group`: the processes that train it together (core/training/distributed.py).
    """
    lease = Lease.claim(run_id, again=again)
    if lease is None:
        return None
    # The trainer brings torch's compiler along; a site that never trains never loads it.
    from memory_app.services.training import execute
    from memory_app.services.training.run_log import run_log_write

    with lease:
        try:
            outcome = execute.carry_out(lease, callbacks, ending, group)
            if outcome.checkpoint is None:
                # An evaluation that was broken off: the run goes on from its save before it.
                lease.forget_after(outcome.step)
                patiently(lambda: lease.give_back(step=outcome.step))
            else:
                execute.publish(lease, outcome)
        except LeaseLost:
            log.warning("run is no longer ours", extra={"run": str(run_id)})
            if not lease.asked.is_set():
                return None
        except KeyboardInterrupt:
            # A person at the terminal ended it; --resume goes on from its last save.
            lease.write(status=RunStatus.CANCELLED, finished=timezone.now())
            raise
        except Exception as fault:
            if outages.sentence(fault) is outages.AWAY:
                # No fault of the run: it waits again, and goes on from its last save.
                outage_log.failed(fault, at="training")
                patiently(lease.give_back)
                return TrainingRun.objects.filter(pk=run_id).first()
            known = type(fault).__module__.startswith("memory_app.")
            facts = {"run": str(run_id), "reason": str(fault)}
            log.error("run failed", extra=facts, exc_info=None if known else fault)
            reason = str(fault)[:2000] or type(fault).__name__
            run_log_write(run=lease.run, fence=lease.fence, text=f"failed: {reason}")
            said = run_fault(fault, device=str(lease.run.settings.get("device", "cpu")))
            failed = {"error": str(said)[:2000], "error_said": said.to_dict()}
            patiently(
                lambda: lease.write(status=RunStatus.FAILED, finished=timezone.now(), **failed)
            )
    return TrainingRun.objects.filter(pk=run_id).first()
