"""Training runs: the list, the form, one run's live page, and its actions."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Avg, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from memory_app.core.model.config import CHAT_TASK, COMPLETION_TASK, SPEECH_TASK, TRANSLATION_TASK
from memory_app.core.run_settings import PRESETS
from memory_app.http import StaffRequest
from memory_app.models import (
    ASKED,
    ENDED,
    HELD,
    Corpus,
    RunSample,
    RunStatus,
    TrainingMetric,
    TrainingRun,
)
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_launch import launch_doubts, run_launch
from memory_app.services.training.run_log import run_log_read
from memory_app.services.training.runs import (
    NOTE_MOST,
    RESUMABLE,
    resume_refusal,
    run_with_equal_weights,
)
from memory_app.translate_messages import in_words
from memory_app.views.dashboard.compared_ids import ids_of
from memory_app.views.dashboard.describe_form import DescribeForm
from memory_app.views.dashboard.page import page
from memory_app.views.dashboard.run_form import RunForm, clone_of, form_parts, start_point

#: Evaluations of a run that are shown with samples.
EVALUATIONS = 12
#: Runs of one comparison.
MOST_COMPARED = 20
#: Statuses of a run that may still change by themselves.
LIVELY = (RunStatus.QUEUED, *HELD)
#: The charts of a run, as static/js/dashboard/curves.js has them, and whether curves are named.
CHARTS = (
    ("loss", False),
    ("bits_per_byte", True),
    ("recall", True),
    ("gradient_norm", False),
    ("learning_rate", False),
    ("tokens_per_second", False),
)
#: Those of a run that labels texts.
LABEL_CHARTS = (
    ("loss", False),
    ("accuracy", True),
    ("f1", True),
    ("cross_entropy", True),
    ("gradient_norm", False),
    ("learning_rate", False),
)
#: Those of a run that continues texts.
TEXT_CHARTS = (
    ("loss", False),
    ("bits_per_character", True),
    ("form", True),
    ("gradient_norm", False),
    ("learning_rate", False),
    ("tokens_per_second", False),
)
#: Those of a run that hears words.
SPEECH_CHARTS = (
    ("loss", False),
    ("wer", True),
    ("gradient_norm", False),
    ("learning_rate", False),
    ("tokens_per_second", False),
)
#: Those of a run that translates.
PAIR_CHARTS = (
    ("loss", False),
    ("chrf", True),
    ("bleu", True),
    ("gradient_norm", False),
    ("learning_rate", False),
    ("tokens_per_second", False),
)
#: Of each task; another's are those of texts with a label.
TASK_CHARTS = {
    CHAT_TASK: CHARTS,
    COMPLETION_TASK: TEXT_CHARTS,
    TRANSLATION_TASK: PAIR_CHARTS,
    SPEECH_TASK: SPEECH_CHARTS,
}
#: The status with which htmx stops polling.
STOP_POLLING = 286


def with_figures(rows: QuerySet[TrainingRun]) -> QuerySet[TrainingRun]:
    """Runs with their latest loss, validation and recall beside them."""

    def latest(**which: Any) -> Subquery:
        figures = TrainingMetric.objects.filter(run=OuterRef("pk"), **which)
        return Subquery(figures.order_by("-step", "name").values("value")[:1])

    bits = TrainingMetric.objects.filter(run=OuterRef("pk"), name__startswith="bits_per_byte/")
    mean = bits.filter(step=OuterRef("examined")).values("run").annotate(mean=Avg("value"))
    return rows.select_related("checkpoint", "started_by", "parent").annotate(
        loss=latest(name="loss"),
        examined=Subquery(bits.order_by("-step").values("step")[:1]),
        bits_per_byte=Subquery(mean.values("mean")),
        recall=latest(name="recall/gap_2"),
        accuracy=latest(name__startswith="accuracy/"),
        f1=latest(name__startswith="f1/"),
        bits_per_character=latest(name__startswith="bits_per_character/"),
        form=latest(name__startswith="form/"),
        chrf=latest(name__startswith="chrf/"),
        bleu=latest(name__startswith="bleu/"),
        wer=latest(name__startswith="wer/"),
        rate=latest(name="tokens_per_second"),
    )


def _template_of(request: HttpRequest) -> QueryDict:
    """What an empty form begins with: the address's own fields, or the run that it clones.

    Raises:
        RunError: there is no such run, or no such checkpoint to start from.
    """
    clone = request.GET.get("clone", "")
    if not clone:
        start_point(request.GET.get("parent", ""))
        return request.GET
    try:
        return clone_of(TrainingRun.objects.select_related("parent").get(pk=UUID(clone)))
    except (ValueError, TrainingRun.DoesNotExist):
        raise RunError("The run to clone doesn’t exist.") from None


def run_new(request: StaffRequest) -> HttpResponse:
    """The form of a run; a start leads to the run's live page."""
    data: QueryDict = request.POST
    problem, errors = "", {}
    if request.method == "POST":
        form = RunForm(data)
        if form.is_valid():
            run = run_launch(
                **form.training(),
                name=form.cleaned_data["name"],
                parent=form.cleaned_data["parent"],
                by=request.user,
            )
            if doubts := launch_doubts(run):
                messages.success(request, _("The run was queued."))
            for doubt in doubts:
                messages.warning(request, in_words(doubt))
            return redirect("admin:run", run=run.pk)
        problem, errors = form.whole, form.sentences
    else:
        try:
            data = _template_of(request)
        except RunError as fault:
            data = request.GET
            errors = {fault.field: in_words(fault)} if fault.field else {}
            problem = "" if errors else in_words(fault)
    return page(
        request,
        "dashboard/run_new.html",
        title=_("New run"),
        section="runs",
        status=400 if problem or errors else 200,
        problem=problem,
        errors=errors,
        **form_parts(data, errors),
    )


def _figures(run: TrainingRun) -> dict[str, Any]:
    row = with_figures(TrainingRun.objects.filter(pk=run.pk)).get()
    ahead = TrainingRun.objects.filter(status=RunStatus.RUNNING).exclude(pk=run.pk).first()
    queued = row.status == RunStatus.QUEUED
    return {
        "run": row,
        "left": row.seconds_left(),
        "percent": 100 * row.step // max(1, row.total_steps),
        "lively": row.status in LIVELY,
        "of_chat": _task_of(row) == CHAT_TASK,
        "of_texts": _task_of(row) == COMPLETION_TASK,
        "of_pairs": _task_of(row) == TRANSLATION_TASK,
        "of_speech": _task_of(row) == SPEECH_TASK,
        "equal": run_with_equal_weights(run=row),
        "ahead": ahead if queued else None,
        # The worker is about to carry out the request: its result is shown as soon as it is there.
        "soon": row.status in ASKED or (queued and ahead is None),
        "ended": ENDED,
        "resumable": row.status in RESUMABLE,
        "refusal": in_words(refusal) if (refusal := resume_refusal(row)) else "",
    }


def _task_of(run: TrainingRun) -> str:
    return str(run.settings.get("task", CHAT_TASK))


def _charts_of(run: TrainingRun) -> tuple[tuple[str, bool], ...]:
    """The charts of a run by its task: (key, whether it comes from the validation)."""
    return TASK_CHARTS.get(_task_of(run), LABEL_CHARTS)


def _is_validated(run: TrainingRun) -> bool:
    """Whether a corpus of the run has a validation split, or it had one when it was evaluated."""
    names = [name for name, _weight in run.corpora]
    return (
        Corpus.objects.filter(name__in=names, split="valid").exists()
        or TrainingMetric.objects.filter(run=run, name__startswith="bits_per_byte/").exists()
    )


def run(request: HttpRequest, run: UUID, refused: DescribeForm | None = None) -> HttpResponse:
    """One run: progress, curves, samples, all of it live.

    `refused`: the form of its name and note, whose input and errors are shown.
    """
    row = get_object_or_404(
        TrainingRun.objects.select_related("parent", "search", "checkpoint"), pk=run
    )
    default = PRESETS[row.preset].to_dict() if row.preset in PRESETS else {}
    return page(
        request,
        "dashboard/run.html",
        title=row.name,
        section="runs",
        **_figures(row),
        **_samples(row),
        status=400 if refused else 200,
        name=refused.cleaned_data.get("name", "") if refused else row.name,
        note=refused.cleaned_data.get("note", "") if refused else row.note,
        note_most=NOTE_MOST,
        validated=_is_validated(row),
        charts=_charts_of(row),
        with_checkpoint=(
            refused.cleaned_data.get("with_checkpoint")
            if refused
            else row.checkpoint is not None and row.checkpoint.name == row.name
        ),
        errors=refused.sentences if refused else {},
        log=run_log_read(row),
        settings=[
            {"key": key, "value": value, "changed": default.get(key) != value}
            for key, value in sorted(row.settings.items())
        ],
    )


def run_live(request: HttpRequest, run: UUID) -> HttpResponse:
    """The figures of a run, polled until it has finished; empty without changes."""
    figures = _figures(get_object_or_404(TrainingRun, pk=run))
    # Its actions are in the page's head, which isn't polled.
    figures["out_of_band"] = True
    seen, now = request.GET.get("seen", ""), figures["run"].status
    if seen == now and not figures["lively"]:
        return HttpResponse(status=204)
    # A finished run doesn't change any more; any other may be resumed, from another page too.
    status = STOP_POLLING if now == RunStatus.FINISHED else 200
    response = render(request, "dashboard/parts/run_live.html", figures, status=status)
    events = ["run-soon"] if figures["soon"] else []
    if seen and seen not in LIVELY and figures["lively"]:
        # Parts of the page that stopped polling begin again: samples, log, curves.
        events.append("run-resumed")
    if events:
        response["HX-Trigger"] = ", ".join(events)
    return response


def _samples(run: TrainingRun) -> dict[str, Any]:
    samples = list(RunSample.objects.filter(run=run).order_by("-step")[:EVALUATIONS])
    figures = TrainingMetric.objects.filter(run=run, name__startswith="recall/")
    recall: dict[int, dict[str, float]] = {}
    for step, name, value in figures.values_list("step", "name", "value"):
        gap = _("gap {n}").format(n=name.removeprefix("recall/gap_"))
        recall.setdefault(step, {})[gap] = value
    return {
        "evaluations_count": RunSample.objects.filter(run=run).count(),
        "samples": [{"row": row, "recall": recall.get(row.step)} for row in samples],
        "newest": samples[0].step if samples else -1,
    }


def run_samples(request: HttpRequest, run: UUID) -> HttpResponse:
    """The model's samples at its evaluations; empty while there is nothing new."""
    row = get_object_or_404(TrainingRun, pk=run)
    samples = _samples(row)
    lively = row.status in LIVELY
    if lively and request.GET.get("seen") == str(samples["newest"]):
        return HttpResponse(status=204)
    of_pairs = _task_of(row) == TRANSLATION_TASK
    context = {"run": row, "lively": lively, "of_pairs": of_pairs, **samples}
    # Rendered even without news: an empty answer would remove the samples from the page.
    status = 200 if lively else STOP_POLLING
    return render(request, "dashboard/parts/run_samples.html", context, status=status)


def compared(keys: list[str]) -> QuerySet[TrainingRun]:
    """The runs of these ids, oldest first; invalid ids are left out."""
    return TrainingRun.objects.filter(pk__in=ids_of(keys[:MOST_COMPARED])).order_by("sequence")
