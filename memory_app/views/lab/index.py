"""The Lab: what else the same recurrent state can be trained for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from memory_app.core.model.config import COMPLETION_TASK, SPEECH_TASK, TRANSLATION_TASK
from memory_app.services.lab.checkpoints import task_checkpoints, task_figures_of
from memory_app.services.lab.sentiment import TASK as SENTIMENT_TASK
from memory_app.services.lab.sentiment import lab_figures
from memory_app.services.lab.translation import one_of_each
from memory_app.views.lab.score_table import percent_of
from memory_app.views.lab.translation_scores import score_of


def lab(request: HttpRequest) -> HttpResponse:
    """One entry a task that has a checkpoint here."""
    rows = task_checkpoints(SENTIMENT_TASK)[:1]
    figures = lab_figures(rows[0]) if rows else None
    accuracy = percent_of(figures.get("accuracy")) if figures else ""
    texts = task_checkpoints(COMPLETION_TASK)[:1]
    written = task_figures_of(texts[0], COMPLETION_TASK) if texts else None
    pairs = one_of_each(task_checkpoints(TRANSLATION_TASK))
    translated = task_figures_of(pairs[0], TRANSLATION_TASK) if pairs else None
    heard = task_checkpoints(SPEECH_TASK)[:1]
    said = task_figures_of(heard[0], SPEECH_TASK) if heard else None
    context = {
        "speech": heard[0] if heard else None,
        "errors": percent_of(said.get("wer")) if said else "",
        "sentiment": rows[0] if rows else None,
        "accuracy": accuracy,
        "figures": figures,
        "completion": texts[0] if texts else None,
        "form": percent_of(written.get("form")) if written else "",
        "translation": pairs[0] if pairs else None,
        "chrf": score_of(translated.get("chrf")) if translated else "",
    }
    return render(request, "lab/index.html", context)
