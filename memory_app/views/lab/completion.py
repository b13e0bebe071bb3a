"""Text: a poem as the state moves, coloured by its surprise; every character is a fork point."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app.core.number_text import whole_number
from memory_app.core.sampling.settings import MAX_SEED, Sampling, SamplingError
from memory_app.core.tasks.completion.figures import TEMPERATURE, TOP_P
from memory_app.core.tasks.completion.forms import forms_in
from memory_app.core.tasks.completion.task import countdown_in
from memory_app.http import PersonRequest
from memory_app.models import Checkpoint
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_figures_of
from memory_app.services.lab.completion import (
    AT_A_TIME,
    MOST_BEGINNING,
    MOST_IDS,
    MOST_PRIME,
    MOST_UNKNOWN,
    TASK,
    Token,
    completion_model,
    known_share,
    text_begin,
    text_continue,
    text_map,
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
from memory_app.views.lab.text_scores import text_lines


def _asked(request: PersonRequest) -> Checkpoint:
    return asked_checkpoint(request, TASK, _("There is no checkpoint for texts here."))


def _text(request: PersonRequest, name: str, most: int) -> str:
    """A text of the request; may be empty.

    Raises:
        Refused: too long, or not text.
    """
    text = request.POST.get(name, "").replace("\r\n", "\n")
    if len(text) > most:
        raise Refused(
            "too_long", _("At most %(n)s characters can be given here.") % {"n": f"{most:,}"}
        )
    return check_text(text)


def _ids(request: PersonRequest) -> list[int]:
    """`ids`, separated by commas. Raises Refused for anything else."""
    written = request.POST.get("ids", "")
    parts = written.split(",") if len(written) <= 8 * (MOST_IDS + 1) else []
    ids = [whole_number(part, 10**6) for part in parts]
    if any(token_id is None for token_id in ids):
        raise Refused("invalid", _("There is no text to continue."))
    return [token_id for token_id in ids if token_id is not None]


def _sampling(request: PersonRequest) -> Sampling:
    """`temperature` and `seed` of the request. Raises Refused out of their ranges."""
    seed = whole_number(request.POST.get("seed", ""), MAX_SEED)
    if seed is None:
        raise Refused("invalid", _("The seed is a whole number from 0 to 2⁵³ − 1."))
    try:
        return Sampling(
            temperature=float(request.POST.get("temperature", "")),
            top_p=TOP_P,
            repetition_penalty=1.0,
            max_tokens=AT_A_TIME,
            seed=seed,
        )
    except (ValueError, SamplingError) as fault:
        raise Refused("invalid", _("The temperature is a number from 0 to 2.")) from fault


def _to_page(token: Token) -> dict[str, Any]:
    page: dict[str, Any] = {
        "id": token.id,
        "text": "" if token.mark else token.text,
        "bits": round(token.bits, 2),
        "likely": [[text, round(p, 4)] for text, p in token.likely],
    }
    if token.left is not None:
        page["left"] = token.left
    if token.state is not None:
        page["state"] = round(token.state, 2)
    if token.mark:
        page["mark"] = [token.mark.letters, token.mark.lines]
    return page


@never_cache
def completion_read(request: PersonRequest) -> JsonResponse:
    """`prime`, `text` → {"tokens": […], "start", "note"}: what a text begins with, as it is fed."""
    try:
        prime = " ".join(_text(request, "prime", MOST_PRIME).split())
        beginning = _text(request, "text", MOST_BEGINNING)
        row = _asked(request)
        loaded = completion_model(checkpoint=row)
        note = ""
        if known_share(loaded, prime + beginning) < 1 - MOST_UNKNOWN:
            note = _(
                "The model has hardly met these characters: it spells them, and what follows"
                " means little."
            )
        elif (forms := forms_in(loaded.config)) and prime not in forms:
            note = _("The model knows no form by this name, so none is kept.")
        tokens, start = text_begin(checkpoint=row, prime=prime, beginning=beginning)
    except Refused as refused:
        return refusal(refused)
    return JsonResponse({"tokens": list(map(_to_page, tokens)), "start": start, "note": note})


@never_cache
def completion_write(request: PersonRequest) -> JsonResponse:
    """`ids`, `start`, `seed`, `temperature`, `drawn` → {"tokens": […], "ended", "full"}."""
    try:
        ids = _ids(request)
        start = whole_number(request.POST.get("start", ""), MOST_IDS)
        drawn = whole_number(request.POST.get("drawn", ""), MOST_IDS)
        if start is None or drawn is None:
            raise Refused("invalid", _("There is no text to continue."))
        row = _asked(request)
        tokens = text_continue(
            checkpoint=row, ids=ids, start=start, sampling=_sampling(request), drawn=drawn
        )
        end = completion_model(checkpoint=row).tokenizer.end_id
    except Refused as refused:
        return refusal(refused)
    return JsonResponse(
        {
            "tokens": list(map(_to_page, tokens)),
            "ended": bool(tokens) and tokens[-1].id == end,
            "full": len(ids) + len(tokens) + AT_A_TIME > MOST_IDS,
        }
    )


@never_cache
def completion_map(request: PersonRequest) -> HttpResponse:
    """`ids`, `gate`, `layer` → the gate view's map of the text, as for a turn."""
    try:
        ids = _ids(request)
        row = _asked(request)
        layer, gate = asked_gate(request, row)
        data = text_map(checkpoint=row, ids=ids, layer=layer, gate=gate)
    except Refused as refused:
        return refusal(refused)
    return map_answer(data)


def _tunes(row: Checkpoint) -> list[tuple[str, int, int]]:
    """(name, lines, letters) of each tune's most frequent form, the shortest first."""
    forms = forms_in(row.config).items()
    tunes = [(name, len(own[0]), sum(own[0])) for name, own in forms]
    return sorted(tunes, key=lambda tune: (tune[2], tune[0]))


def completion(request: PersonRequest) -> HttpResponse:
    """The page; without a checkpoint it says how to train one."""
    try:
        row = _asked(request)
        loaded = completion_model(checkpoint=row)
    except Refused as refused:
        return refused_page(request, "lab/completion.html", refused)
    figures = task_figures_of(row, TASK)
    config = row.model_config
    countdown = countdown_in(loaded.config, config.output_size)
    context = {
        **page_context(request, row, TASK),
        "tunes": _tunes(row),
        "language": config.language,
        "countdown": countdown,
        "temperature": TEMPERATURE,
        "figures": figures,
        "lines": text_lines(row, figures) if figures else [],
        "most": MOST_BEGINNING,
        "most_prime": MOST_PRIME,
        "page": {
            "checkpoint": str(row.pk),
            "language": config.language,
            "weights": [round(weight, 4) for weight in countdown.weights] if countdown else [],
        },
    }
    return render(request, "lab/completion.html", context)
