"""The list of runs: filtered, sorted, a page at a time; running ones are polled."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from memory_app.core.run_settings import PRESETS
from memory_app.models import Corpus, RunStatus, TrainingRun
from memory_app.views.dashboard.page import page
from memory_app.views.dashboard.runs import with_figures

A_PAGE = 100
#: Columns that the list can be sorted by: their field, their heading, whether the largest is first.
COLUMNS: dict[str, tuple[str, Any, bool]] = {
    "name": ("name", gettext_lazy("Run"), False),
    "status": ("status", gettext_lazy("Status"), False),
    "step": ("step", gettext_lazy("Progress"), True),
    "loss": ("loss", gettext_lazy("Loss, nats per token"), False),
    "bits": ("bits_per_byte", gettext_lazy("Validation, bits per byte"), False),
    "recall": ("recall", gettext_lazy("Recall, gap 2"), True),
    "created": ("sequence", gettext_lazy("Started"), True),
}
_FIGURES = {"loss", "bits", "recall"}


def _chosen(request: HttpRequest) -> dict[str, str]:
    """The query of the address; unknown values are ignored."""
    query = {key: request.GET.get(key, "").replace("\0", "").strip()[:200] for key in ("q", "sort")}
    for key, known in (
        ("status", RunStatus.values),
        ("preset", list(PRESETS)),
        ("show", ["archived", "all"]),
    ):
        value = request.GET.get(key, "")
        query[key] = value if value in known else ""
    if query["sort"].removeprefix("-") not in COLUMNS:
        query["sort"] = "-created"
    return query


def _filtered(chosen: dict[str, str]) -> QuerySet[TrainingRun]:
    rows = with_figures(TrainingRun.objects.all())
    if chosen["show"] != "all":
        rows = rows.filter(archived=chosen["show"] == "archived")
    for key in ("status", "preset"):
        if chosen[key]:
            rows = rows.filter(**{key: chosen[key]})
    if chosen["q"]:
        rows = rows.filter(Q(name__icontains=chosen["q"]) | Q(note__icontains=chosen["q"]))
    key = chosen["sort"].removeprefix("-")
    field = F(COLUMNS[key][0])
    # Runs without the figure come last, in either order.
    down = chosen["sort"].startswith("-")
    order = field.desc(nulls_last=True) if down else field.asc(nulls_last=True)
    return rows.order_by(order, "-sequence", "id")


def _hidden(chosen: dict[str, str]) -> int:
    """How many archived runs match the search of the list, which leaves them out."""
    return 0 if chosen["show"] else _filtered({**chosen, "show": "archived"}).count()


def _headings(chosen: dict[str, str]) -> list[dict[str, Any]]:
    headings = []
    for key, (_field, name, largest_first) in COLUMNS.items():
        now = chosen["sort"].removeprefix("-") == key
        down = chosen["sort"].startswith("-")
        turned = down if not now else not down
        sort = f"-{key}" if (turned if now else largest_first) else key
        headings.append(
            {
                "name": name,
                "sort": sort,
                "number": key in _FIGURES,
                "aria": ("descending" if down else "ascending") if now else "",
                "arrow": ("↓" if down else "↑") if now else "",
            }
        )
    return headings


def runs(request: HttpRequest) -> HttpResponse:
    """Every run that isn't archived, newest first unless another order is requested."""
    chosen = _chosen(request)
    rows = Paginator(_filtered(chosen), A_PAGE).get_page(request.GET.get("page"))
    if request.headers.get("HX-Request"):
        # Polled for ever: a run may be resumed from another page.
        return render(request, "dashboard/parts/run_rows.html", {"runs": rows})
    return page(
        request,
        "dashboard/runs.html",
        title=_("Runs"),
        section="runs",
        runs=rows,
        untouched=not TrainingRun.objects.exists(),
        chosen=chosen,
        filtered=any(chosen[key] for key in ("q", "status", "preset", "show")),
        headings=_headings(chosen),
        statuses=RunStatus.values,
        presets=list(PRESETS),
        hidden=_hidden(chosen) if not rows.object_list else 0,
        archived_count=TrainingRun.objects.filter(archived=True).count(),
        corpora_count=Corpus.objects.filter(split="train").count(),
    )
