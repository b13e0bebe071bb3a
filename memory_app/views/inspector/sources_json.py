"""Where a token of a reply came from."""

from typing import Any
from uuid import UUID

from django.http import Http404, JsonResponse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app import services
from memory_app.core.inspection.rank_correlation import spearman
from memory_app.core.number_text import whole_number
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.http import TurnRequest
from memory_app.models import Turn, TurnKind
from memory_app.refusal import Refused
from memory_app.reply import storable


def sources_json(request: TurnRequest, turn: UUID) -> JsonResponse:
    """?token=K: of the reply's token K (from 0) the share of each earlier token; &effect=1,
    &saliency=1.

    400 with a sentence for a number that is no token of the reply, 404 for a cell whose memory is
    no sum over tokens.
    """
    row = request.turn
    if not row.is_committed or row.kind != TurnKind.TALK:
        raise Http404
    count = len(row.reply_token_ids)
    token = whole_number(request.GET.get("token", ""), count - 1) if count else None
    if token is None:
        if not count:
            raise Refused("invalid", _("This reply has no tokens."))
        sentence = _("token must be a whole number from 0 to {last}.")
        raise Refused("invalid", format_lazy(sentence, last=count - 1))
    found = services.token_sources(turn=row, token=token)
    if found is None:
        raise Refused("not_found", _("The memory of this model’s cell is no sum over tokens."))
    answer: dict[str, Any] = {
        "token": token,
        "bookkeeping": _bookkeeping(found),
        "start": abs(found.parts.start) / found.parts.whole if found.parts.whole else 0.0,
        "residual": found.parts.residual,
        "effect": None,
    }
    if request.GET.get("effect") == "1":
        answer |= _effect(found)
    if request.GET.get("saliency") == "1":
        answer |= _saliency(found)
    return JsonResponse(answer)


def _bookkeeping(found: services.TokenSources) -> list[dict[str, Any]]:
    """One entry a token, in order; of a turn without tokens one, whose index is null."""
    tokenizer = found.model.tokenizer
    entries: list[dict[str, Any]] = []
    for row, parts, shares in zip(
        found.turns, found.parts.turns, found.parts.shares(), strict=True
    ):
        own = [{"turn": str(row.pk), "index": None, "text": "", "part": "change"}]
        if row.kind == TurnKind.TALK:
            own = _tokens(row, tokenizer, len(shares))
        for entry, part, share in zip(own, parts.tolist(), shares, strict=True):
            entries.append({**entry, "share": share, "logit": round(part, 6)})
    return entries


def _tokens(turn: Turn, tokenizer: Tokenizer, count: int) -> list[dict[str, Any]]:
    """The first tokens of a turn, each with the characters that it completes."""
    prompt = len(tokenizer.prompt_ids(turn.user_token_ids))
    ids = tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)[:count]
    text = tokenizer.stream()
    return [
        {
            "turn": str(turn.pk),
            "index": index,
            "text": "" if token_id in tokenizer.special_ids else storable(text.push(token_id)),
            "part": "prompt" if index < prompt else "reply",
        }
        for index, token_id in enumerate(ids)
    ]


def _saliency(found: services.TokenSources) -> dict[str, Any]:
    """The share of each token in the gradient, of the turns that it was followed through."""
    result = services.saliency(found=found)
    rows = found.turns[result.first :]
    return {
        "saliency": [
            {"turn": str(row.pk), "index": index, "share": share}
            for row, own in zip(rows, result.shares, strict=True)
            for index, share in enumerate(own)
        ],
        "farther": result.farther,
    }


def _effect(found: services.TokenSources) -> dict[str, Any]:
    """The effect of each earlier turn, and how alike its order is to that of the bookkeeping."""
    effects = services.token_effects(found=found)
    earlier = found.turns[:-1]
    read = {
        row.pk: sum(parts.tolist()) for row, parts in zip(earlier, found.parts.turns, strict=False)
    }
    rows = [row.pk for row in earlier if row.pk in effects.changes]
    return {
        "effect": [{"turn": str(key), "delta_logprob": effects.changes[key]} for key in rows],
        "skipped": effects.skipped,
        "rank_correlation": spearman(
            [read[key] for key in rows], [-effects.changes[key] for key in rows]
        ),
    }
