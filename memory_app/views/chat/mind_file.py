"""A mind file uploaded into a chat: its memory goes on from there."""

import re
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _

from memory_app import services
from memory_app.http import ChatRequest
from memory_app.refusal import Refused
from memory_app.views.chat.menu import menu_context

_STATUS = {"too_long": 413, "busy": 409, "not_found": 404, "unavailable": 503}


def chat_state(request: ChatRequest, chat: UUID) -> HttpResponse:
    """Take `file` as the memory at the head; what is wrong with it is one sentence."""
    row = request.chat
    upload = request.FILES.get("file")
    named = request.POST.get("client_turn_id", "")
    try:
        if upload is None:
            raise Refused("invalid", _("Choose a memory file first."))
        if named and not re.fullmatch(r"[0-9a-fA-F-]{36}", named):
            raise Refused("invalid", _("An id must be a UUID."))
        # One byte above the bound shows that a file is too large without reading all of it.
        data = upload.read(services.mind_file_most(chat=row) + 1)
        done = services.memory_load(
            chat=row, data=data, client_turn_id=UUID(named) if named else None
        )
    except Refused as refused:
        return _refused(request, refused)
    if _wants_json(request):
        return JsonResponse(
            {
                "to": resolve_url("chat", chat=row.pk),
                "head": str(done.head) if done.head else None,
                "turns": [str(turn) for turn in done.turns],
            }
        )
    return redirect("chat", chat=row.pk)


def _refused(request: ChatRequest, refused: Refused) -> HttpResponse:
    status = _STATUS.get(refused.code, 400)
    if _wants_json(request):
        answer = {"error": {"code": refused.code, "detail": str(refused.detail)}}
        return JsonResponse(answer, status=status)
    context = {**menu_context(request), "problem": refused.detail}
    return render(request, "chat_menu.html", context, status=status)


def _wants_json(request: ChatRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
