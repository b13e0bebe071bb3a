"""Searches for units: by a phrase that they are on in, or by a property that they follow."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import policy, services
from memory_app.core.inspection.text_properties import PROPERTIES, text_of, word_property
from memory_app.core.inspection.unit_index import UnitIndex
from memory_app.core.inspection.unit_pattern import Match, Pattern, find_pattern, find_places
from memory_app.core.inspection.unit_property import followers
from memory_app.core.number_text import whole_number
from memory_app.http import PersonRequest
from memory_app.models import Checkpoint
from memory_app.services.chat.unit_index import (
    OwnText,
    own_text,
    phrase_index,
    reference_index,
    turn_index,
)
from memory_app.views.inspector.unit_words import (
    PROPERTY_WORDS,
    counted,
    gate_words,
    layer_number,
    page_context,
    shown_checkpoint,
)

LONGEST = 300  # characters of a phrase's text
_WORD = 60  # characters of a word
_AROUND = 10  # tokens on each side of a place
_LARGEST = 512  # tokens of a turn that a phrase is chosen in
_THRESHOLD = "0.3"


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is searched for: tokens first … last of a text, and what counts as on."""

    index: UnitIndex
    first: int
    last: int
    pattern: Pattern


def _layer(request: PersonRequest, row: Checkpoint) -> int:
    given = whole_number(request.GET.get("layer", str(row.num_layers)), 1000)
    return layer_number(row, given or 0)


def _text_index(request: PersonRequest, row: Checkpoint) -> tuple[UnitIndex | None, str]:
    """The text in which the phrase is chosen, and what is wrong with the query."""
    if turn := request.GET.get("turn", ""):
        try:
            found = policy.owned_turn(request.person, UUID(turn))
        except ValueError:
            found = None
        if found is None or not found.has_trace or found.chat.checkpoint_id != row.pk:
            raise Http404
        if len(found.user_token_ids) + len(found.reply_token_ids) > _LARGEST:
            return None, _("This turn is too long to choose a phrase in: at most 512 tokens.")
        return turn_index(turn=found), ""
    text = request.GET.get("text", "").strip()
    if not text:
        return None, ""
    if len(text) > LONGEST or not text.isprintable():
        return None, _("A text has at most 300 characters, and no control characters.")
    return phrase_index(checkpoint=row, text=text), ""


def _given(request: PersonRequest) -> dict[str, Any]:
    """The form's fields as the page shows them again."""
    sent = "first" in request.GET
    return {
        "text": request.GET.get("text", "")[: LONGEST + 1],
        "turn": request.GET.get("turn", "")[:36],
        "threshold": request.GET.get("threshold", _THRESHOLD)[:8],
        "before": "before" in request.GET or not sent,
        "after": "after" in request.GET or not sent,
    }


def _phrase(
    request: PersonRequest, number: int, index: UnitIndex, given: dict[str, Any]
) -> tuple[Phrase | None, str]:
    first = whole_number(request.GET.get("first", ""), index.tokens - 1)
    last = whole_number(request.GET.get("last", ""), index.tokens - 1)
    if first is None or last is None:
        return None, ""
    first, last = min(first, last), max(first, last)
    try:
        threshold = float(given["threshold"].replace(",", "."))
    except ValueError:
        threshold = -1.0
    if not 0.01 <= threshold <= 1:
        return None, _("The threshold is a number from 0.01 to 1.")
    layer = index.layers[number]
    pattern = find_pattern(
        layer, first, last,
        threshold=threshold * layer.scale, off_before=given["before"], off_after=given["after"],
    )  # fmt: skip
    return Phrase(index, first, last, pattern), ""


def _lines(
    row: Checkpoint, index: UnitIndex, places: list[Match], n: int, own: OwnText | None = None
) -> list[dict[str, Any]]:
    tokenizer = services.chat_model(sha256=row.sha256).tokenizer
    lines = []
    for place in places:
        first, _stop = index.around(place.first, _AROUND)
        _first, stop = index.around(place.stop - 1, _AROUND)
        shared = dict(zip(range(place.first, place.stop), place.shared, strict=True))
        lines.append(
            {
                "value": f"{place.score:.2f}",
                "tokens": counted(tokenizer, index, first, stop, shared, n),
                "turn": own.turns[index.stretch_of(place.first)] if own else None,
            }
        )
    return lines


@never_cache
def units_pattern(request: PersonRequest, checkpoint: UUID) -> HttpResponse:
    """?layer=2&text=…&first=3&last=5&threshold=0.3&before=on&after=on; &own=1: one's own turns."""
    row = shown_checkpoint(request, checkpoint)
    number = _layer(request, row)
    given = _given(request)
    context = page_context(row, number) | {"given": given, "longest": LONGEST}
    text, problem = _text_index(request, row)
    phrase = None
    if text is not None:
        phrase, problem = _phrase(request, number, text, given)
        layer = text.layers[number]
        context["gate"] = gate_words(row, number, layer.gate)
        tokenizer = services.chat_model(sha256=row.sha256).tokenizer
        chosen = range(phrase.first, phrase.last + 1) if phrase else range(0)
        tokens = counted(tokenizer, text, 0, text.tokens, {}, 1)
        context["tokens"] = [
            token | {"number": place, "chosen": place in chosen}
            for place, token in enumerate(tokens)
        ]
        context["first"] = phrase.first if phrase else 0
        context["last"] = phrase.last if phrase else text.tokens - 1
    context["problem"] = problem
    if phrase is None:
        return render(request, "units_pattern.html", context, status=400 if problem else 200)
    pattern = phrase.pattern
    n = len(pattern.units)
    context["units"] = [
        {"number": unit, "sign": "−" if sign < 0 else "+"}
        for unit, sign in zip(pattern.units.tolist(), pattern.signs.tolist(), strict=True)
    ]
    context["searched"] = True
    if "own" in request.GET:
        own = own_text(person=request.person, checkpoint=row) if request.person else None
        if own is not None:
            places = find_places(own.index, own.index.layers[number], pattern)
            context |= {"own": own, "lines": _lines(row, own.index, places, n, own)}
        return render(request, "parts/pattern_turns.html", context)
    index = reference_index(checkpoint=row)
    context["index"] = index
    if index is not None:
        places = find_places(index, index.layers[number], pattern)
        context["lines"] = _lines(row, index, places, n)
    return render(request, "units_pattern.html", context)


@never_cache
def units_property(request: PersonRequest, checkpoint: UUID) -> HttpResponse:
    """?layer=2&property=capital, or &property=word&word=…: the units that follow it."""
    row = shown_checkpoint(request, checkpoint)
    number = _layer(request, row)
    name = request.GET.get("property", "")
    word = request.GET.get("word", "").strip()
    context = page_context(row, number) | {"property": name, "word": word[: _WORD + 1]}
    if name not in ("", "word", *PROPERTIES):
        raise Http404
    problem = ""
    if name == "word" and not (0 < len(word) <= _WORD and word.isprintable()):
        problem = _("A word has 1 to 60 characters.")
    index = reference_index(checkpoint=row)
    context |= {"index": index, "problem": problem}
    if index is not None and name and not problem:
        tokenizer = services.chat_model(sha256=row.sha256).tokenizer
        text = text_of(index.ids, index.starts, tokenizer)
        values = word_property(text, word) if name == "word" else PROPERTIES[name](text)
        layer = index.layers[number]
        context["gate"] = gate_words(row, number, layer.gate)
        context["searched"] = True
        context["label"] = word if name == "word" else PROPERTY_WORDS[name]
        context["found"] = followers(index, layer, values)
    return render(request, "units_property.html", context, status=400 if problem else 200)
