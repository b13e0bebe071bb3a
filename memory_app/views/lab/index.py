"""The Lab: what else the same recurrent state can be trained for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from memory_app.core.model.config import COMPLETION_TASK
from memory_app.services.lab.checkpoints import task_checkpoints, task_figures_of
from memory_app.services.lab.sentiment import TASK as SENTIMENT_TASK
from memory_app.services.lab.sentiment import lab_figures
from memory_app.views.lab.score_table import percent_of


def lab(request: HttpRequest) -> HttpResponse:
    """One entry a task that has a checkpoint here."""
    rows = task_checkpoints(SENTIMENT_TASK)[:1]
    figures = lab_figures(rows[0]) if rows else None
    accuracy = percent_of(figures.get("accuracy")) if figures else ""
    texts = task_checkpoints(COMPLETION_TASK)[:1]
    written = task_figures_of(texts[0], COMPLETION_TASK) if texts else None
    context = {
        "sentiment": rows[0] if rows else None,
        "accuracy": accuracy,
        "figures": figures,
        "completion": texts[0] if texts else None,
        "form": percent_of(written.get("form")) if written else "",
    }
    return render(request, "lab/index.html", context)
