"""Create, show and revoke public links to a chat or to one of its turns."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from memory_app import services
from memory_app.http import ChatRequest, PersonRequest, TurnRequest
from memory_app.models import Chat, PublicLink, Turn

_OFF = frozenset({"0", "false", "off", "no"})


def chat_share_public(request: ChatRequest, chat: UUID) -> HttpResponse:
    """The public link to the chat: POST creates or renews it, with `on=0` it is revoked."""
    return _share(request, request.chat, None)


def turn_share(request: TurnRequest, turn: UUID) -> HttpResponse:
    """The public link to one turn, likewise."""
    row = request.turn
    return _share(request, row.chat, row)


def _share(request: PersonRequest, chat: Chat, turn: Turn | None) -> HttpResponse:
    link = None
    if request.method != "POST":
        link = services.link_of(chat=chat, turn=turn)
    elif request.POST.get("on", "1").lower() in _OFF:
        services.link_revoke(chat=chat, turn=turn)
    else:
        link = services.link_open(chat=chat, turn=turn)
    if request.method == "POST" and request.POST.get("next") == "menu":
        return redirect("chat_menu", chat=chat.pk)
    return JsonResponse(_facts(request, chat, link))


def _facts(request: PersonRequest, chat: Chat, link: PublicLink | None) -> dict[str, Any]:
    """The link's address, and whether it shows the chat up to where it is now."""
    return {
        "url": link_url(request, link) if link else None,
        "turn": str(link.turn_id) if link else None,
        "current": link is not None
        and (not link.whole or link.turn_id == (chat.head_id or chat.blanked_id)),
    }


def link_url(request: PersonRequest, link: PublicLink) -> str:
    """The link's whole address."""
    return request.build_absolute_uri(reverse("public_link", args=[link.token]))
