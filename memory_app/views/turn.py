"""The gate view of one turn: its tokens as a sentence; the numbers come as a trace."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app import services
from memory_app.lm.tokenizer import CONTROL, Tokenizer
from memory_app.models import Turn

# A piece of a character, or of white space, would be nothing to look at or to click on.
_UNFINISHED, _BREAK = "·", "↵"


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


def _sentence(turn: Turn) -> tuple[list[dict[str, Any]], int]:
    """The turn's tokens, and how many of them are the prompt."""
    tokenizer = services.chat_model(sha256=turn.chat.checkpoint.sha256).tokenizer
    tokens = _shown(tokenizer, tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids))
    split = len(tokenizer.prompt_ids(turn.user_token_ids))
    tokens[0]["opens"] = _("prompt")
    tokens[split - 1]["closes"] = True
    tokens[split]["opens"] = _("reply")
    return tokens, split


def turn(request: HttpRequest, turn: UUID) -> HttpResponse:
    """The page; a turn without a state says so in one sentence."""
    row: Turn = request.turn  # type: ignore[attr-defined]
    tokens, split = _sentence(row) if row.is_committed else ([], 0)
    checkpoint = row.chat.checkpoint
    names = {
        "i": _("input"),
        "f": _("forget"),
        "g": _("candidate"),
        "o": _("output"),
        "c": _("cell"),
        "h": _("hidden"),
    }
    return render(
        request,
        "turn.html",
        {
            "turn": row,
            "chat": row.chat,
            "checkpoint": checkpoint,
            "tokens": tokens,
            "gates": [{"key": key, "name": name} for key, name in names.items()],
            "layers": range(checkpoint.num_layers),
            "page": {
                "trace": reverse("trace", args=[row.pk]),
                "split": split,
                "layers": checkpoint.num_layers,
            },
        },
    )
