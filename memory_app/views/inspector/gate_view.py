"""The gate view of one turn: its tokens as a sentence; the numbers are requested as maps."""

import json
import unicodedata
from dataclasses import asdict
from itertools import zip_longest
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from memory_app import services
from memory_app.core.inspection.windows import WINDOW, window, window_count
from memory_app.core.text.tokenizer import END, Tokenizer
from memory_app.http import TurnRequest
from memory_app.models import Turn, TurnKind
from memory_app.refusal import Refused
from memory_app.views.cell_json import cell_to_page, most_units
from memory_app.views.inspector.gate_map import numbered_window
from memory_app.views.inspector.other_turns import address_of, other_turn, other_turns
from memory_app.views.inspector.shown_tokens import shown_tokens
from memory_app.views.special_tokens import special_names, special_words

# The imports of js/inspector/main.js: listed here so that the browser fetches all of them at once,
# not file by file as each is read. Those of preload_map.js come first, since it requests the first
# map.
_MODULES = tuple(
    f"js/{name}.js"
    for name in (
        "inspector/cell", "inspector/gate_map", "inspector/permalink", "inspector/safetensors",
        "inspector/next_token", "inspector/heatmap", "inspector/histogram", "shared/line_chart",
        "inspector/export_png", "inspector/changed_units", "shared/numbers", "inspector/panes",
        "shared/radio_group", "shared/colour_ramp", "shared/save_file", "inspector/token_row",
        "inspector/token_text", "inspector/compare_reply", "shared/strings", "inspector/unit_chart",
        "inspector/matrix", "inspector/bands", "inspector/moves", "inspector/story",
        "inspector/final_states",
    )
)  # fmt: skip
_LONGEST_WORD = 24  # characters that no line breaks between: they fit on a narrow phone
_CLOSING = ("Po", "Pe", "Pf")  # categories of marks that end a word or a sentence
_EXCERPT = 40  # characters of a reply in the list of those to compare with


def _sentence(tokenizer: Tokenizer, ids: list[int], split: int, first: int) -> list[dict[str, Any]]:
    """The tokens from `first` on, marked where the prompt, `split` tokens, and the reply begin."""
    tokens = shown_tokens(tokenizer, ids, first)
    tokens[0]["opens"] = _("prompt") if first < split else _("reply")
    if first < split < first + len(tokens):
        tokens[split - 1 - first]["closes"] = True
        tokens[split - first]["opens"] = _("reply")
    # A special token stays on the line of the text that it opens or closes, a mark or a piece of
    # a word on that of the word.
    joined, length = False, 0
    for token, after in zip_longest(tokens, tokens[1:]):
        token["begins"] = not joined
        length = len(token["shown"]) + (length if joined else 0)
        joined = after is not None and _joins(token, after, length)
        token["ends"] = not joined
    return tokens


def _joins(token: dict[str, Any], after: dict[str, Any], length: int) -> bool:
    """Whether no line may break between two tokens, the first of which ends `length` characters
    without a break."""
    # The last token of the prompt opens the reply: it stays with the prompt, before the rule.
    if token.get("closes") or after.get("closes"):
        return "closes" in after
    if after["control"] or token["control"]:
        return after["control"] == END or token["control"] not in ("", END)
    if length + len(after["shown"]) > _LONGEST_WORD:
        return False
    last, first = token["shown"][-1], after["shown"][0]
    if last.isspace() or first.isspace():
        return False
    # Chinese breaks between any two characters, but not before a closing mark.
    return unicodedata.category(first) in _CLOSING or (_in_word(last) and _in_word(first))


def _in_word(character: str) -> bool:
    return unicodedata.category(character) in ("Ll", "Lu", "Lm", "Mn", "Nd", "Po")


def _siblings(turn: Turn, tokenizer: Tokenizer, number: int) -> list[dict[str, Any]]:
    """Every version of this turn, from the same memory, including this one, oldest first.

    Replies to the same message are comparable. Of very long turns the window of this number is
    compared; not all have it.
    """
    rows = (
        Turn.objects.filter(chat=turn.chat_id, parent=turn.parent_id, kind=TurnKind.TALK)
        .committed()
        .oldest_first()
        .only("pk", "user_token_ids", "reply_token_ids", "reply_text")
    )
    versions = []
    for place, row in enumerate(rows, 1):
        count = window_count(len(tokenizer.turn_ids(row.user_token_ids, row.reply_token_ids)))
        text = " ".join(row.reply_text.split())
        versions.append(
            {
                "id": str(row.pk),
                "number": place,
                "own": row.pk == turn.pk,
                "excerpt": text[: _EXCERPT - 1] + "…" if len(text) > _EXCERPT else text,
                "windowed": count > 1,
                "comparable": row.user_token_ids == turn.user_token_ids and number <= count,
            }
        )
    return versions


def turn(request: TurnRequest, turn: UUID) -> HttpResponse:
    """The page; a turn without a state says so in one sentence."""
    row = request.turn
    checkpoint = row.chat.checkpoint
    config = checkpoint.model_config
    cell = cell_to_page(config)
    context: dict[str, Any] = {
        "turn": row,
        "chat": row.chat,
        "checkpoint": checkpoint,
        "tokens": [],
        "modules": _MODULES,
        "cell": cell,
        "cell_json": json.dumps(cell),
        "gates": cell["gates"],
        "layers": range(1, checkpoint.num_layers + 1),
    }
    if row.has_trace:
        tokenizer = services.chat_model(sha256=checkpoint.sha256).tokenizer
        ids = tokenizer.turn_ids(row.user_token_ids, row.reply_token_ids)
        number = numbered_window(request) or 1
        try:
            context["replayed"] = services.turn_trace_ahead(turn=row, number=number)
        except Refused:
            pass  # the page says so when its maps don't arrive
        shown = window(len(ids), number)
        split = len(tokenizer.prompt_ids(row.user_token_ids))
        context["total"] = len(ids)
        context["tokens"] = _sentence(tokenizer, ids[: shown.stop], split, shown.first)
        context["pieces"] = any(token["unfinished"] for token in context["tokens"])
        context["siblings"] = _siblings(row, tokenizer, number)
        context["compared"] = [
            sibling
            for sibling in context["siblings"]
            if sibling["comparable"] and not sibling["own"]
        ]
        same = {one["id"] for one in context["siblings"] if one["comparable"]}
        if shown.count == 1:
            asked = request.GET.get("with", "")
            given = other_turn(request.person, row, address_of(asked))
            context["others"] = other_turns(request.person, row, tokenizer, given, same)
            context["asked"] = asked
            context["unknown"] = bool(asked) and given is None
            context["with"] = str(given.pk) if given is not None else None
        if shown.count > 1:
            context["window"] = asdict(shown) | {"size": WINDOW, "split": split}
            context["window_json"] = json.dumps(context["window"])
            context["windows"] = [asdict(window(len(ids), n)) for n in range(1, shown.count + 1)]
        context["page"] = {
            "turn": str(row.pk),
            "checkpoint": checkpoint.name,
            "checkpoint_id": str(checkpoint.pk),
            "message": Truncator(row.user_text).chars(80),
            "split": split - shown.first,
            "window": context.get("window"),
            "layers": checkpoint.num_layers,
            "units": most_units(config),
            "siblings": [one for one in context["siblings"] if one["comparable"]]
            + context.get("others", []),
            "with": context.get("with"),
            "control": {
                token_id: special_words()[name]
                for token_id, name in special_names(tokenizer).items()
            },
        }
    status = 404 if context.get("unknown") else 200
    return render(request, "turn.html", context, status=status)
