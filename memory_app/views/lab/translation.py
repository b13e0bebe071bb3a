"""Translation: one sentence by the state alone and with attention, and the state at work."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from torch import Tensor

from memory_app.core.number_text import whole_number
from memory_app.core.tasks.translation.figures import SHORT
from memory_app.core.tasks.translation.texts import DIRECTIONS, direction_of
from memory_app.core.text.words import Word
from memory_app.http import PersonRequest
from memory_app.models import Checkpoint
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_figures_of
from memory_app.services.lab.translation import (
    MOST_CHARACTERS,
    MOST_IDS,
    TASK,
    Translated,
    check_sentence,
    is_strange,
    sentence_translate,
    translation_checkpoints,
    translation_map,
    translation_model,
    with_attention,
)
from memory_app.views.lab.answers import (
    asked_gate,
    asks_as_staff,
    check_text,
    map_answer,
    page_context,
    refusal,
    refused_page,
)
from memory_app.views.lab.translation_scores import length_series, translation_lines


def _asked(request: PersonRequest) -> list[Checkpoint]:
    data = request.POST if request.method == "POST" else request.GET
    key = data.get("checkpoint", "")[:64]
    return translation_checkpoints(key=key, staff=asks_as_staff(request))


def _rounded(values: Tensor, digits: int = 3) -> Any:
    if values.dim() > 1:
        return [_rounded(row, digits) for row in values]
    return [round(value, digits) for value in values.tolist()]


def _shown(word: Word) -> str:
    return word.text.strip() or "·"


def _to_page(found: Translated) -> dict[str, Any]:
    """One model's translation; the sentence's end is a target word without a text."""
    reading, tokenizer = found.reading, translation_model(checkpoint=found.checkpoint).tokenizer
    ends = [(word.first, word.stop) for word in found.target]
    ends.append((len(reading.bits) - 1, len(reading.bits)))
    stream = tokenizer.stream()
    tokens = [stream.push(token_id) for token_id in found.ids]
    # Points of the path: blank, after <|user|> and the direction, after each source word, after
    # the mark, after each target word and after the end.
    places = [0, 2, *(word.stop + 2 for word in found.source), found.start]
    places += [found.start + stop for _, stop in ends]
    answer: dict[str, Any] = {
        "checkpoint": str(found.checkpoint.pk),
        "attention": found.attention is not None,
        "text": found.text,
        "ids": found.ids,
        "start": found.start,
        "tokens": tokens,
        "source": [_shown(word) for word in found.source],
        "target": [
            {
                "text": _shown(found.target[k]) if k < len(found.target) else "",
                "stop": found.start + stop - 1,
                "bits": round(float(reading.bits[first:stop].sum()), 2),
                "likely": [
                    [tokenizer.decode([other]).strip(), round(share, 4)]
                    for other, share in reading.likely[first]
                ],
            }
            for k, (first, stop) in enumerate(ends)
        ],
        "path": _rounded(reading.path[places]),
        "explained": [round(share, 4) for share in reading.explained],
        "influence": _rounded(found.influence, 2),
    }
    if found.attention is not None and reading.by_attention is not None:
        answer["weights"] = _rounded(found.attention)
        by_word = [float(reading.by_attention[first:stop].sum()) for first, stop in ends]
        answer["by_attention"] = [round(value, 2) for value in by_word]
    return answer


@never_cache
def translation_read(request: PersonRequest) -> JsonResponse:
    """`text`, `direction` → {"direction", "note", "models": […]}: a sentence by each model."""
    try:
        text = check_text(request.POST.get("text", ""))
        direction = request.POST.get("direction", "")
        if direction not in DIRECTIONS:
            direction = direction_of(text)
        check_sentence(text, direction)
        rows = _asked(request)
        models = [
            sentence_translate(checkpoint=row, text=text, direction=direction) for row in rows
        ]
        note = ""
        if is_strange(translation_model(checkpoint=rows[0]), text):
            note = _(
                "These are hardly words that the models have met: what they write means little."
            )
    except Refused as refused:
        return refusal(refused)
    return JsonResponse(
        {"direction": direction, "note": note, "models": list(map(_to_page, models))}
    )


@never_cache
def translation_map_file(request: PersonRequest) -> HttpResponse:
    """`checkpoint`, `ids`, `gate`, `layer` → the gate view's map, as for a turn."""
    try:
        rows = _asked(request)
        key = request.POST.get("checkpoint", "")
        row = next((row for row in rows if str(row.pk) == key), rows[0])
        written = request.POST.get("ids", "")
        parts = written.split(",") if len(written) <= 8 * (MOST_IDS + 1) else []
        ids = [whole_number(part, 10**6) for part in parts]
        if any(token_id is None for token_id in ids):
            raise Refused("invalid", _("There is no sentence to translate."))
        layer, gate = asked_gate(request, row)
        known = [token_id for token_id in ids if token_id is not None]
        data = translation_map(checkpoint=row, ids=known, layer=layer, gate=gate)
    except Refused as refused:
        return refusal(refused)
    return map_answer(data)


def _examples() -> list[str]:
    """Sentences of this project's own that the page offers."""
    return [
        "他昨天晚上没有来，因为他生病了。",
        "我喜欢读书。",
        "我喜欢阅读编程书籍。",
        "I like to read books about programming.",
        "She has lived in this city for ten years.",
        "你明天有空吗？",
        "My brother wants to learn Chinese, but he doesn't have much time.",
    ]


def translation(request: PersonRequest) -> HttpResponse:
    """The page; without a checkpoint it says how to train one."""
    try:
        rows = _asked(request)
        for row in rows:
            translation_model(checkpoint=row)
    except Refused as refused:
        return refused_page(request, "lab/translation.html", refused)
    figures = {row.pk: task_figures_of(row, TASK) for row in rows}
    known = next((found for found in figures.values() if found), None)
    own = [(row, figures[row.pk]) for row in rows]
    asked = request.GET.get("checkpoint", "")[:64]
    return render(
        request,
        "lab/translation.html",
        {
            **page_context(request, rows[0], TASK),
            "models": [{"row": row, "attention": with_attention(row)} for row in rows],
            "examples": _examples(),
            "figures": known,
            "lines": translation_lines(own),
            "short": SHORT,
            "most": MOST_CHARACTERS,
            "asked": asked,
            "page": {
                "models": [
                    {"checkpoint": str(row.pk), "attention": with_attention(row)} for row in rows
                ],
                "asked": asked,
                "lengths": length_series(own),
            },
        },
    )
