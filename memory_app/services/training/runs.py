"""What people do with a run: pause, resume, cancel, name, archive, delete.

The row is the truth and the broker only a hint: the holder of a run's lease carries it out
(leases.py), and a message that comes twice, late or never changes only when a run begins.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from memory_app.core.atomic_files import remove_folder
from memory_app.core.messages import quoted
from memory_app.core.text.graphemes import is_name
from memory_app.models import ENDED, Corpus, RunStatus, TrainingRun
from memory_app.services.training.leases import has_lost_its_holder, may_go_on
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_folder import run_folder
from memory_app.services.training.run_queue import run_enqueue

NOTE_MOST = 2000
RESUMABLE = (RunStatus.PAUSED, RunStatus.CANCELLED, RunStatus.FAILED)


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
    """Name a run, and store a note about it; its checkpoint has a name of its own.

    Returns:
        Whether either is new: a form that is sent twice changes nothing again.

    Raises:
        RunError: no name, or either is too long or contains invalid characters.
    """
    name, note = name.strip(), note.replace("\r\n", "\n").strip()
    if not is_name(name):
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
    transaction.on_commit(lambda: remove_folder(folder))
    return True


def run_with_equal_weights(*, run: TrainingRun) -> TrainingRun | None:
    """An earlier run that ended with the same weights, and so with the same checkpoint."""
    if run.checkpoint_id is None:
        return None
    rows = TrainingRun.objects.filter(checkpoint=run.checkpoint_id, sequence__lt=run.sequence)
    return rows.order_by("sequence").first()


def run_find(name: str) -> TrainingRun:
    """The run of this id, or of this name where only one has it.

    Raises:
        RunError: none has it, or several have the name.
    """
    try:
        rows = list(TrainingRun.objects.filter(pk=UUID(name)))
    except ValueError:
        rows = list(TrainingRun.objects.filter(name=name))
    if len(rows) != 1:
        if not rows:
            raise RunError("There is no run {name}.", name=quoted(name))
        raise RunError("More than one run is named {name}.", name=quoted(name))
    return rows[0]
