"""The form by which somebody reports a turn of theirs, or one that a public link shows."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from memory_app.http import PersonRequest, TurnRequest
from memory_app.models import ReportReason, Turn
from memory_app.refusal import Refused
from memory_app.services.operations.reports import report_make
from memory_app.views.public.link_page import NOINDEX, link_or_404


@never_cache
def turn_report(request: TurnRequest, turn: UUID) -> HttpResponse:
    """Of one's own chat."""
    back = f"{reverse('chat', args=[request.turn.chat_id])}#turn-{request.turn.pk}"
    return _report(request, request.turn, back)


@never_cache
def link_report(request: PersonRequest, token: str) -> HttpResponse:
    """Of a chat that somebody else shares: its last turn stands for it."""
    link = link_or_404(token)
    turn = Turn.objects.get(pk=link.turn_id)
    response = _report(request, turn, reverse("public_link", args=[token]))
    response["X-Robots-Tag"] = NOINDEX
    return response


def _report(request: Any, turn: Turn, back: str) -> HttpResponse:
    problem, done = "", False
    if request.method == "POST":
        try:
            report_make(
                turn=turn,
                by=request.person or None,
                reason=request.POST.get("reason", ""),
                note=request.POST.get("note", ""),
            )
            done = True
        except Refused as refused:
            problem = str(refused.detail)
    context = {
        "turn": turn,
        "back": back,
        "reasons": ReportReason.choices,
        "chosen": request.POST.get("reason", ""),
        "note": request.POST.get("note", "")[:500],
        "problem": problem,
        "done": done,
    }
    return render(request, "report.html", context, status=400 if problem else 200)
