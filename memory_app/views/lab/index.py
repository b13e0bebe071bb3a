"""The Lab: what else the same recurrent state can be trained for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from memory_app.services.lab.sentiment import lab_checkpoints, lab_figures
from memory_app.views.lab.score_table import percent_of


def lab(request: HttpRequest) -> HttpResponse:
    """One entry a task that has a checkpoint here."""
    rows = lab_checkpoints()
    figures = lab_figures(rows[0]) if rows else None
    accuracy = percent_of(figures.get("accuracy")) if figures else ""
    context = {"sentiment": rows[0] if rows else None, "accuracy": accuracy, "figures": figures}
    return render(request, "lab/index.html", context)
