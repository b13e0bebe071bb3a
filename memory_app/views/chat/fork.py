"""A chat forked from one of its turns."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url

from memory_app import services
from memory_app.http import TurnRequest


def turn_fork(request: TurnRequest, turn: UUID) -> HttpResponse:
    """A new chat that goes on from this turn; a script gets its address instead of a redirect."""
    chat = services.chat_fork(turn=request.turn)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"to": resolve_url("chat", chat=chat.pk)})
    return redirect("chat", chat=chat.pk)
