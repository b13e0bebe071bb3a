"""The page that puts parts of another memory into this one, or blends the two."""

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.http import TurnRequest
from memory_app.models import COMMITTED, Chat, Turn, TurnKind
from memory_app.refusal import Refused

#: Chats and turns that the page offers, the newest ones.
CHATS_MOST, TURNS_MOST = 100, 200


@never_cache
def turn_transplant(request: TurnRequest, turn: UUID) -> HttpResponse:
    """GET: the form, for the chat of ?chat=. POST: the new turn; what is wrong is one sentence."""
    row = request.turn
    if not row.is_committed:
        raise Http404
    chats = _chats(row.chat)
    given: dict[str, Any] = {"chat": request.GET.get("chat", ""), "weight": "1", "what": []}
    problem, status = "", 200
    if request.method == "POST":
        given = {
            "chat": request.POST.get("chat", ""),
            "from": request.POST.get("from", ""),
            "weight": request.POST.get("weight", ""),
            "what": request.POST.getlist("what"),
        }
        try:
            services.memory_transplant(
                chat=row.chat,
                client_turn_id=uuid4(),
                turn=row.pk,
                source=_source(given["from"]),
                what=_places(given["what"]),
                weight=_weight(given["weight"]),
            )
            return redirect("chat", chat=row.chat_id)
        except Refused as refused:
            problem, status = str(refused.detail), 409 if refused.code == "busy" else 400
    donor = next((chat for chat in chats if str(chat.pk) == given["chat"]), None)
    context = {
        "turn": row,
        "chat": row.chat,
        "chats": chats,
        "donor": donor,
        "turns": _turns(donor) if donor else [],
        "layers": _layers(row.chat),
        "given": given,
        "problem": problem,
    }
    return render(request, "transplant.html", context, status=status)


def _chats(own: Chat) -> list[Chat]:
    """The owner's chats on the same checkpoint, this one too: an earlier turn of it has another
    memory."""
    rows = Chat.objects.of(own.owner).filter(checkpoint=own.checkpoint_id)
    return list(rows.exclude(head=None, blanked=None).newest_first()[:CHATS_MOST])


def _turns(chat: Chat) -> list[Turn]:
    """The newest turns with a memory, the newest first."""
    rows = chat.turns.filter(status__in=COMMITTED, kind=TurnKind.TALK)
    return list(rows.order_by("-position").only("user_text", "position")[:TURNS_MOST])


def _layers(chat: Chat) -> list[dict[str, Any]]:
    """Each layer with its parts; the keys are `part.layer`."""
    return [
        {"layer": layer + 1, "parts": [{"name": name, "key": f"{name}.{layer}"} for name in parts]}
        for layer, parts in enumerate(chat.checkpoint.model_config.layer_parts)
    ]


def _source(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused("invalid", _("Choose the turn whose memory to take.")) from None


def _places(keys: list[str]) -> list[list[Any]]:
    places: list[list[Any]] = []
    for key in keys[:1_000]:
        name, _dot, number = key.rpartition(".")
        places.append([name, int(number) if number.isdecimal() and len(number) < 4 else -1, None])
    if not places:
        raise Refused("invalid", _("Choose at least one part to take."))
    return places


def _weight(text: str) -> float:
    try:
        weight = float(text[:16])
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= 1:
        raise Refused("invalid", _("The weight must be a number from 0 to 1."))
    return weight
