"""Speech: digits recognised as they are said, the spectrogram and the gates side by side."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from memory_app.core.audio.log_mel import BANDS, FRAMES_A_SECOND, SAMPLE_RATE
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.tasks.speech.words import words_in
from memory_app.http import PersonRequest, permissions_policy
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_figures_of
from memory_app.services.lab.speech import ABSENT, MOST_SECONDS, TASK, speech_model
from memory_app.views.lab.answers import asked_checkpoint, page_context, refused_page
from memory_app.views.lab.score_table import percent_of


@dataclass(frozen=True, slots=True)
class SpeakerLine:
    """One row of the table of error rates, in percent."""

    label: str
    alone: str
    interval: str
    strings: str
    own: bool = False


def _rates(label: str, figures: Any, *, own: bool = False) -> SpeakerLine | None:
    figures = figures if isinstance(figures, dict) else {}
    rate, n = figures.get("wer"), figures.get("n")
    if not percent_of(rate) or type(n) is not int or n < 1:
        return None
    low, high = wilson(min(n, round(rate * n)), n)
    interval = f"{percent_of(low)}–{percent_of(high)}"
    return SpeakerLine(
        label, percent_of(rate), interval, percent_of(figures.get("wer_strings")), own
    )


def speaker_lines(name: str, figures: dict[str, Any]) -> list[SpeakerLine]:
    """The checkpoint over all speakers, each speaker, and baselines, where they were measured."""
    lines = [_rates(name, figures, own=True)]
    speakers = figures.get("per_speaker")
    for speaker, own in speakers.items() if isinstance(speakers, dict) else ():
        lines.append(_rates(str(speaker), own))
    baselines = figures.get("baselines")
    templates = baselines.get("templates") if isinstance(baselines, dict) else None
    lines.append(_rates(_("nearest synthetic word, by dynamic time warping"), templates))
    return [line for line in lines if line is not None]


def speech(request: PersonRequest) -> HttpResponse:
    """The page; without a checkpoint it says so."""
    try:
        row = asked_checkpoint(request, TASK, ABSENT)
        loaded = speech_model(checkpoint=row)
    except Refused as refused:
        return refused_page(request, "lab/speech.html", refused)
    figures, shown = task_figures_of(row, TASK), page_context(request, row, TASK)
    weights = loaded.model.head.weight.square().sum(0).sqrt().tolist()
    context = {
        **shown,
        "figures": figures,
        "lines": speaker_lines(row.name, figures) if figures else [],
        "most_seconds": MOST_SECONDS,
        "page": {
            "checkpoint": str(row.pk),
            "words": list(words_in(row.config)),
            "bands": BANDS,
            "rate": FRAMES_A_SECOND,
            "sample_rate": SAMPLE_RATE,
            "most_seconds": MOST_SECONDS,
            "layers": row.num_layers,
            "strip": list(shown["cell"]["strip"]),
            "weights": [round(weight, 4) for weight in weights],
        },
    }
    response = render(request, "lab/speech.html", context)
    response.headers["Permissions-Policy"] = permissions_policy("microphone")
    return response
