"""The curves of runs: as JSON for the charts, and several runs in one chart."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from memory_app.core.number_text import whole_number
from memory_app.models import TrainingMetric, TrainingRun
from memory_app.views.dashboard.compared_ids import left_out, missing
from memory_app.views.dashboard.page import page
from memory_app.views.dashboard.runs import CHARTS, LIVELY, MOST_COMPARED, compared, with_figures

#: Points of one curve that are sent at once: a chart has no more pixels.
MOST_POINTS = 400
#: Figures that other parts show.
_NO_CURVE = ("tokens", "steps_per_second")
Point = tuple[int, float]


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points: neighbours are averaged and placed at the last one's step."""
    if len(points) <= most:
        return list(points)
    each = -(-len(points) // most)
    groups = (points[start : start + each] for start in range(0, len(points), each))
    return [(group[-1][0], sum(value for _, value in group) / len(group)) for group in groups]


def curves_of(run: TrainingRun, after: int = 0) -> dict[str, Any]:
    """Every curve of a run from the figures after row `after`, and the last row's id.

    By rows and not by steps: a step's validation is written later than its loss.
    """
    rows = TrainingMetric.objects.filter(run=run, id__gt=after).exclude(name__in=_NO_CURVE)
    series: dict[str, list[Point]] = defaultdict(list)
    last = after
    for key, name, step, value in rows.order_by("id").values_list("id", "name", "step", "value"):
        series[name].append((step, float(f"{value:.6g}")))
        last = key
    return {
        "after": last,
        "series": {name: thinned(sorted(points)) for name, points in sorted(series.items())},
    }


def run_curves(request: HttpRequest, run: UUID) -> HttpResponse:
    """New points of a run's curves since `after`, and whether more will come."""
    row = get_object_or_404(TrainingRun, pk=run)
    curves = curves_of(row, whole_number(request.GET.get("after", ""), 2**63 - 1) or 0)
    return JsonResponse(
        {
            "status": row.status,
            "step": row.step,
            "total_steps": row.total_steps,
            "more": row.status in LIVELY,
            **curves,
        }
    )


def runs_compare(request: HttpRequest) -> HttpResponse:
    """The curves of several runs in one chart, and the settings in which they differ."""
    asked = list(dict.fromkeys(request.GET.getlist("run")))
    wanted = asked[:MOST_COMPARED]
    rows = list(with_figures(compared(wanted)))
    names = Counter(row.name for row in rows)
    keys = sorted({key for row in rows for key in row.settings})
    differences = [
        {"key": key, "values": [row.settings.get(key) for row in rows]}
        for key in keys
        if len({str(row.settings.get(key)) for row in rows}) > 1
    ]
    return page(
        request,
        "dashboard/runs_compare.html",
        title=_("Compare runs"),
        section="runs",
        runs=rows,
        repeated=[name for name, count in names.items() if count > 1],
        charts=CHARTS[:1],
        missing=missing(wanted, len(rows)),
        left_out=left_out(asked, MOST_COMPARED),
        others=TrainingRun.objects.exclude(pk__in=[row.pk for row in rows]).order_by("-sequence"),
        differences=differences,
    )
