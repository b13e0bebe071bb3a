"""The gate view of one turn: its tokens as a sentence; the numbers are asked for as maps."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from memory_app import services
from memory_app.lm.tokenizer import CONTROL, Tokenizer
from memory_app.models import Turn
from memory_app.protocol import Refused

# A piece of a character, or of white space, would be nothing to look at or to click on.
_UNFINISHED, _BREAK = "·", "↵"
# What js/gates.js imports: named here so that the browser fetches all of it at once, not file by
# file as each is read. What js/first_map.js needs comes first, since it asks for the first map.
_MODULES = tuple(
    f"js/{name}.js"
    for name in (
        "gate_map", "permalink", "safetensors", "alternatives", "heatmap", "histogram",
        "line_chart", "map_picture", "most_changed", "panes", "radios", "ramp", "save_file",
        "sentence", "sibling", "strings", "unit_line",
    )
)  # fmt: skip
_EXCERPT = 40  # characters of a reply in the list of those to compare with


def _shown(tokenizer: Tokenizer, ids: list[int]) -> list[dict[str, Any]]:
    """One entry a token: whole characters only, so that a cut one stands at its last byte."""
    names = dict(zip((tokenizer.user_id, tokenizer.bot_id, tokenizer.end_id), CONTROL, strict=True))
    stream, tokens = tokenizer.stream(), []
    for token_id in ids:
        control = token_id in names
        text = names[token_id] if control else stream.push(token_id)
        shown = text.replace("\n", _BREAK + "\n") or _UNFINISHED
        tokens.append({"token_id": token_id, "shown": shown, "control": control})
    return tokens


def _sentence(turn: Turn, tokenizer: Tokenizer) -> tuple[list[dict[str, Any]], int]:
    """The turn's tokens, and how many of them are the prompt."""
    tokens = _shown(tokenizer, tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids))
    split = len(tokenizer.prompt_ids(turn.user_token_ids))
    tokens[0]["opens"] = _("prompt")
    tokens[split - 1]["closes"] = True
    tokens[split]["opens"] = _("reply")
    return tokens, split


def _siblings(turn: Turn) -> list[dict[str, Any]]:
    """Every reply from the same memory, this one among them, oldest first."""
    rows = (
        Turn.objects.filter(chat=turn.chat_id, parent=turn.parent_id, kind="talk")
        .committed()
        .oldest_first()
        .only("pk", "user_token_ids", "reply_text")
    )
    found = []
    for number, row in enumerate(rows, 1):
        text = " ".join(row.reply_text.split())
        found.append(
            {
                "id": str(row.pk),
                "number": number,
                "own": row.pk == turn.pk,
                "excerpt": text[: _EXCERPT - 1] + "…" if len(text) > _EXCERPT else text,
                "same_prompt": row.user_token_ids == turn.user_token_ids,
            }
        )
    return found


def turn(request: HttpRequest, turn: UUID) -> HttpResponse:
    """The page; a turn without a state says so in one sentence."""
    row: Turn = request.turn  # type: ignore[attr-defined]
    checkpoint = row.chat.checkpoint
    names = {
        "i": _("input"),
        "f": _("forget"),
        "g": _("candidate"),
        "o": _("output"),
        "c": _("cell"),
        "h": _("hidden"),
    }
    context: dict[str, Any] = {
        "turn": row,
        "chat": row.chat,
        "checkpoint": checkpoint,
        "tokens": [],
        "modules": _MODULES,
        "gates": [{"key": key, "name": name} for key, name in names.items()],
        "layers": range(1, checkpoint.num_layers + 1),
    }
    if row.is_committed:
        try:
            services.turn_trace_ahead(turn=row)
        except Refused:
            pass  # the page says so when its maps don't come
        tokenizer = services.chat_model(sha256=checkpoint.sha256).tokenizer
        context["tokens"], split = _sentence(row, tokenizer)
        context["siblings"] = _siblings(row)
        context["page"] = {
            "turn": str(row.pk),
            "checkpoint": checkpoint.name,
            "split": split,
            "layers": checkpoint.num_layers,
            "units": checkpoint.hidden_size,
            "siblings": context["siblings"],
            "control": dict(
                zip((tokenizer.user_id, tokenizer.bot_id, tokenizer.end_id), CONTROL, strict=True)
            ),
        }
    return render(request, "turn.html", context)
