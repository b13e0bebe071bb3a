"""Exams of a checkpoint, stored with it: run by a command, or queued and run by the worker."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory_app import outage_log, registry
from memory_app.core.data.dialogues import Source, read_dialogues
from memory_app.core.evaluation.stored_recall import current_names, questions_of
from memory_app.core.evaluation.suites import EvaluationError, evaluate, suites_of
from memory_app.core.messages import Sentence, quoted, sentence_of
from memory_app.core.model.checkpoint import Checkpoint as Loaded
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.model.replay import configure_process
from memory_app.core.number_text import whole_number
from memory_app.core.tasks import task_named, task_names
from memory_app.models import Checkpoint, Corpus, Evaluation, EvaluationStatus
from memory_app.process_liveness import is_dead, process_id
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.worker_queue import tell_worker
from memory_app.services.training.leases import patiently
from memory_app.services.training.metrics import results_of

log = logging.getLogger(__name__)
#: Most questions a cell: with that many the exam takes hours.
MOST_QUESTIONS = 1000
#: Seconds between two progress reports of an exam.
PULSE = timedelta(seconds=5)
Dialogues = Iterable[list[tuple[str, str]]]
#: Cells of the recall exam without a gap that the front page names.
OTHER_CELLS = ("several", "several_core", "update", "abstain")
Pulse = Callable[..., None]


def evaluation_begin(
    *,
    checkpoint: Checkpoint,
    suite: str,
    n: int,
    corpora: Sequence[str] = (),
    by: User | None = None,
) -> dict[str, Any]:
    """Record in the audit log that an evaluation starts; returns its request as a row stores it."""
    asked = {} if suite == "perplexity" or checkpoint.task != CHAT_TASK else {"n": n}
    audit_record(
        user=by,
        action="checkpoint.evaluate",
        object=str(checkpoint),
        detail={"suite": suite, **asked, **({"corpora": list(corpora)} if corpora else {})},
    )
    return {**asked, "corpora": list(corpora)}


def evaluation_record(
    *,
    checkpoint: Checkpoint,
    suite: str,
    result: dict[str, Any],
    request: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Store the result of an evaluation made at the command line."""
    return Evaluation.objects.create(
        checkpoint=checkpoint, suite=suite, result=result, request=dict(request or {})
    )


def corpus_dialogues(name: str) -> Dialogues:
    """A corpus's held-out split if it has one, else its train split.

    Raises:
        EvaluationError: there is no such corpus.
    """
    return list(read_dialogues(_corpus_examined(name).file))


def _corpus_examined(name: str) -> Corpus:
    rows = {row.split: row for row in Corpus.objects.filter(name=name)}
    row = rows.get("valid") or rows.get("train")
    if row is None:
        raise EvaluationError("There is no corpus {name}.", field="corpus", name=quoted(name))
    return row


@transaction.atomic
def evaluation_ask(
    *,
    checkpoint: Checkpoint,
    suite: str,
    n: int,
    corpora: Sequence[str] = (),
    by: User | None = None,
) -> Evaluation:
    """Queue a row for the worker, which is notified once the row is committed.

    Raises:
        EvaluationError: no such suite or corpus, perplexity without a corpus, n out of range.
    """
    suites = suites_of(checkpoint.task)
    if suite not in suites:
        raise EvaluationError(
            "suite must be one of {choices}.", field="suite", choices=", ".join(suites)
        )
    if checkpoint.task != CHAT_TASK and not corpora and measures_rows(checkpoint.task):
        raise EvaluationError("{task} needs a corpus.", field="corpus", task=checkpoint.task)
    if not 1 <= n <= MOST_QUESTIONS:
        raise EvaluationError(
            "The number of questions per test must be from 1 to {most}.",
            field="n",
            most=f"{MOST_QUESTIONS:,}",
        )
    if suite == "perplexity" and not corpora:
        raise EvaluationError("perplexity needs a corpus.", field="corpus")
    for name in corpora:
        if not _corpus_examined(name).file.is_file():
            raise EvaluationError(
                "The file of the corpus {name} is missing.", field="corpus", name=quoted(name)
            )
    row = Evaluation.objects.create(
        checkpoint=checkpoint,
        suite=suite,
        request=evaluation_begin(checkpoint=checkpoint, suite=suite, n=n, corpora=corpora, by=by),
        status=EvaluationStatus.QUEUED,
        asked_by=by,
    )
    transaction.on_commit(lambda: _enqueue(row))
    return row


def _enqueue(row: Evaluation) -> None:
    """The row decides: where the broker is away, the worker is notified later."""
    tell_worker("evaluate", row.pk)


def _claim(key: int) -> Evaluation | None:
    """Claim the exam if it waits, or if its process died: one conditional UPDATE decides a race."""
    row = Evaluation.objects.select_related("checkpoint").filter(pk=key).first()
    if row is None:
        return None
    free = Evaluation.objects.filter(pk=key, status=EvaluationStatus.QUEUED)
    if row.status == EvaluationStatus.RUNNING and is_dead(row.process, row.heartbeat):
        free = Evaluation.objects.filter(
            pk=key, status=EvaluationStatus.RUNNING, process=row.process, heartbeat=row.heartbeat
        )
    won = free.update(
        status=EvaluationStatus.RUNNING,
        process=process_id(),
        heartbeat=timezone.now(),
        error="",
        error_said={},
    )
    return row if won else None


def evaluation_execute(*, evaluation: int) -> None:
    """Run one exam; a duplicate finds it claimed and does nothing."""
    row = _claim(evaluation)
    if row is None:
        return
    ours = Evaluation.objects.filter(
        pk=row.pk, status=EvaluationStatus.RUNNING, process=process_id()
    )
    try:
        result = _sit(row.checkpoint, row.suite, row.request, _pulse(ours))
    except Exception as fault:
        if outage_log.failed(fault, at="evaluation"):
            # The checkpoint isn't at fault: it is evaluated anew afterwards.
            patiently(lambda: ours.update(status=EvaluationStatus.QUEUED))
            raise
        known = type(fault).__module__.startswith("memory_app.")
        sha256 = row.checkpoint.sha256
        facts = {"evaluation": row.pk, "sha256": sha256, "reason": str(fault)}
        log.error("evaluation failed", extra=facts, exc_info=None if known else fault)
        broke = Sentence("Failed with {kind}.", {"kind": type(fault).__name__})
        reason = sentence_of(fault) if known else broke
        ours.update(
            status=EvaluationStatus.FAILED, error=str(reason)[:500], error_said=reason.to_dict()
        )
    else:
        ours.update(status=EvaluationStatus.FINISHED, result=result)


def measures_rows(task: str) -> bool:
    """Whether checkpoints of this task are measured on corpora; one of another release is."""
    return task not in task_names() or task_named(task).measures_rows


def task_figures(loaded: Loaded, task: str, sources: Mapping[str, Dialogues]) -> dict[str, Any]:
    """The figures of a checkpoint that isn't a chat's, under its task's name.

    Raises:
        EvaluationError: a task of another release, or no row that it can measure.
    """
    if task not in task_names():
        raise EvaluationError("There is no task {task} in this release.", task=task)
    rows = [Source(name, [], list(dialogues)) for name, dialogues in sources.items()]
    figures = task_named(task).metrics(loaded, rows)
    if not figures:
        raise EvaluationError(
            "No row of these corpora is a text that {task} can measure.", task=task
        )
    return {task: figures}


def _pulse(ours: Any) -> Pulse:
    """Reports to the row now and then that the exam goes on, and how far it is.

    Until there is a result, `result` is {"progress": [tests done, tests in all]}.
    """
    reported = timezone.now()

    def pulse(*progress: int) -> None:
        nonlocal reported
        now = timezone.now()
        if progress:
            ours.update(heartbeat=now, result={"progress": progress})
        elif now - reported > PULSE:
            ours.update(heartbeat=now)
        else:
            return
        reported = now

    return pulse


def _sit(
    checkpoint: Checkpoint, suite: str, request: Mapping[str, Any], pulse: Pulse
) -> dict[str, Any]:
    configure_process()  # one thread: chats on the same machine go first
    model = load_checkpoint(registry.folder_of(checkpoint.sha256))
    sources = {name: corpus_dialogues(name) for name in request.get("corpora", [])}
    if checkpoint.task != CHAT_TASK:
        return task_figures(model, checkpoint.task, sources)
    return evaluate(
        model.model,
        model.tokenizer,
        suite,
        sources=sources,
        n=int(request.get("n", 200)),
        on_cell=lambda _, done, total: pulse(done, total),
        on_rows=lambda _: pulse(),
    )


def evaluations_recover() -> int:
    """Notify the workers of every exam that lost its worker, and of the next that waits."""
    running = Evaluation.objects.filter(status=EvaluationStatus.RUNNING)
    lost = [row for row in running if is_dead(row.process, row.heartbeat)]
    for row in lost:
        _enqueue(row)
    return len(lost) + evaluations_next()


def evaluations_next() -> int:
    """Notify the workers of the exam that waits longest; returns how many, 0 or 1."""
    row = Evaluation.objects.filter(status=EvaluationStatus.QUEUED).order_by("id").first()
    if row is not None:
        _enqueue(row)
    return int(row is not None)


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of facts that were recalled, by the number of exchanges between."""

    by_gap: dict[int, float]  # exchanges between fact and question: share of right answers
    questions: int  # asked for each gap
    #: Shares of right answers to the other kinds of question that OTHER_CELLS names.
    others: dict[str, float] = field(default_factory=dict)


def recall_of(*, checkpoint: Checkpoint) -> Recall | None:
    """The memory exam of this checkpoint with the most questions; of equal ones the newest.

    A config may come from anywhere: an invalid share is left out.
    """
    exams = [recall for result in results_of(checkpoint) if (recall := _recall(result))]
    return max(reversed(exams), key=lambda recall: recall.questions, default=None)


#: Share of facts recalled at once from which a model is shown off with what it remembers.
SHOWN_OFF_FROM = 0.5


def is_shown_off(*, checkpoint: Checkpoint) -> bool:
    """Whether its exam says that it remembers: a model without an exam may remember nothing."""
    recall = recall_of(checkpoint=checkpoint)
    return recall is not None and next(iter(recall.by_gap.values())) >= SHOWN_OFF_FROM


def _recall(report: Any) -> Recall | None:
    report = current_names(report)
    recall = report.get("recall") if isinstance(report, dict) else None
    exact = recall.get("exact_match") if isinstance(recall, dict) else None
    if not isinstance(recall, dict) or not isinstance(exact, dict):
        return None
    by_gap = {}
    for key, share in exact.items():
        gap = whole_number(str(key).removeprefix("gap_"), 9999)
        if gap is not None and _is_number(share):
            by_gap[gap] = float(share)
    questions = questions_of(recall)
    if not by_gap or questions is None:
        return None
    others = {key: float(recall[key]) for key in OTHER_CELLS if _is_number(recall.get(key))}
    return Recall(dict(sorted(by_gap.items())), questions, others)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
