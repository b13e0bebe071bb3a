"""Sentiment: a text coloured by the running score, the units behind it, and the gates over it."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app.core.tasks.sentiment.scores import unit_weights
from memory_app.core.tasks.sentiment.task import TEXT_TOKENS
from memory_app.http import PersonRequest
from memory_app.models import Checkpoint
from memory_app.refusal import Refused
from memory_app.services.lab.sentiment import (
    HELD,
    MOST_CHARACTERS,
    MOST_HELD_TOKENS,
    MOST_TEXTS,
    TASK,
    ReadText,
    lab_figures,
    lab_model,
    sentiment_unit,
    text_gates,
    text_read,
    text_tokens,
    texts_score,
    unit_hold,
)
from memory_app.views.lab.answers import (
    asked_checkpoint,
    asked_gate,
    check_text,
    map_answer,
    page_context,
    refusal,
    refused_page,
)
from memory_app.views.lab.score_table import confusion_of, percent_of, roc_points, score_lines


def _asked(request: PersonRequest) -> Checkpoint:
    return asked_checkpoint(request, TASK, _("There is no checkpoint for sentiment here."))


def _texts(request: PersonRequest) -> list[str]:
    """The request's texts.

    Raises:
        Refused: none, too many, too long, or one that isn't text.
    """
    texts = request.POST.getlist("text")
    if not texts or not all(text.strip() for text in texts):
        raise Refused("invalid", _("There is no text to read."))
    if len(texts) > MOST_TEXTS:
        raise Refused(
            "too_long", _("At most %(n)s texts are read at once.") % {"n": f"{MOST_TEXTS:,}"}
        )
    for text in texts:
        if len(text) > MOST_CHARACTERS:
            raise Refused(
                "too_long",
                _("A text has at most %(n)s characters.") % {"n": f"{MOST_CHARACTERS:,}"},
            )
        check_text(text)
    return texts


def _round(values: list[float], digits: int = 4) -> list[float]:
    return [round(value, digits) for value in values]


def _read_to_page(read: ReadText, tokens: list[str]) -> dict[str, Any]:
    # The score before the first word is that after <|user|>.
    return {
        "text": read.text,
        "words": [
            {"text": word.text, "first": word.first, "stop": word.stop} for word in read.words
        ],
        "start": round(float(read.reading.logits[0]), 4),
        "logits": _round(read.at_words(read.reading.logits)),
        "moved": [[[unit, round(by, 4)] for unit, by in own] for own in read.moved],
        "units": [[unit, round(by, 4)] for unit, by in read.units],
        "tokens": tokens,
        "cut": read.cut,
    }


@never_cache
def sentiment_read(request: PersonRequest) -> JsonResponse:
    """`text` (once or more) → {"scores": [p, …]}; with `words=1` and one text also its words.

    `words`: the running score after each word, what moved it, and the strongest unit held.
    """
    try:
        texts = _texts(request)
        row = _asked(request)
        if request.POST.get("words") != "1":
            return JsonResponse({"logits": _round(texts_score(checkpoint=row, texts=texts))})
        if len(texts) != 1:
            raise Refused("invalid", _("Words are read of one text at a time."))
        read = text_read(checkpoint=row, text=texts[0])
        held = unit_hold(checkpoint=row, read=read)
        unit = sentiment_unit(lab_model(checkpoint=row))
    except Refused as refused:
        return refusal(refused)
    answer = _read_to_page(read, text_tokens(checkpoint=row, text=texts[0]))
    if unit is not None and unit.layer == row.num_layers - 1:
        answer["unit"] = _round(read.reading.hidden[:, unit.unit].tolist())
    if held is not None:
        answer["held"] = {"values": list(HELD), "logits": [_round(line) for line in held]}
    return JsonResponse(answer)


@never_cache
def sentiment_map(request: PersonRequest) -> HttpResponse:
    """`text`, `gate`, `layer` → the gate view's map of the text, as for a turn."""
    try:
        texts = _texts(request)
        row = _asked(request)
        layer, gate = asked_gate(request, row)
        data = text_gates(checkpoint=row, text=texts[0], layer=layer, gate=gate)
    except Refused as refused:
        return refusal(refused)
    return map_answer(data)


def _examples() -> list[str]:
    """Sentences of this project's own that the page offers."""
    return [
        "a warm, funny film that never loses sight of its people",
        "the jokes are stale, the plot goes nowhere, and the ending is a mess",
        "it starts slowly and seems too long, but the last hour is wonderful",
        "not a bad film, and not a good one",
    ]


def sentiment(request: PersonRequest) -> HttpResponse:
    """The page; without a checkpoint it says how to train one."""
    try:
        row = _asked(request)
        loaded = lab_model(checkpoint=row)
    except Refused as refused:
        return refused_page(request, "lab/sentiment.html", refused)
    figures = lab_figures(row)
    unit = sentiment_unit(loaded)
    config = row.model_config
    context = {
        **page_context(request, row, TASK),
        "unit": unit,
        "examples": _examples(),
        "foreign": get_language() != "en",
        "figures": figures,
        "lines": score_lines(row, figures) if figures else [],
        "confusion": confusion_of(figures) if figures else [],
        "roc": roc_points(figures) if figures else "",
        "auc": percent_of(figures.get("auc")) if figures else "",
        "rates": [
            (label, percent_of((figures or {}).get(key)))
            for key, label in (("precision", _("precision")), ("recall", _("recall")), ("f1", "F1"))
        ],
        "page": {
            "checkpoint": str(row.pk),
            "unit": unit.to_dict() if unit else None,
            "layers": config.num_layers,
            "weights": _round(unit_weights(loaded.model).tolist()),
            "most_texts": MOST_TEXTS,
            "most_characters": MOST_CHARACTERS,
            "most_tokens": TEXT_TOKENS,
            "most_held": MOST_HELD_TOKENS,
        },
    }
    return render(request, "lab/sentiment.html", context)
