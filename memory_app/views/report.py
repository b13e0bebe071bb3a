"""The form by which somebody reports a turn of theirs, or one that a public link shows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from memory_app.http import PersonRequest, TurnRequest
from memory_app.models import PublicLink, ReportReason, Turn, TurnKind
from memory_app.refusal import Refused
from memory_app.services.operations.reports import report_make
from memory_app.views.chat.shown_turns import branch
from memory_app.views.public.link_page import NOINDEX, link_or_404


@never_cache
def turn_report(request: TurnRequest, turn: UUID) -> HttpResponse:
    """Of one's own chat."""
    back = f"{reverse('chat', args=[request.turn.chat_id])}#turn-{request.turn.pk}"
    return _report(request, request.turn, back)


@never_cache
def link_report(request: PersonRequest, token: str) -> HttpResponse:
    """Of what somebody else shares: one of the turns that the link shows, by default the last.

    ?turn=<turn>, or the form's field.
    """
    link = link_or_404(token)
    shown = _shown(link)
    asked = request.POST.get("turn") or request.GET.get("turn") or str(shown[-1].pk)
    turn = next((each for each in shown if str(each.pk) == asked), None)
    if turn is None:
        raise Http404
    response = _report(request, turn, reverse("public_link", args=[token]), shown)
    response["X-Robots-Tag"] = NOINDEX
    return response


def _shown(link: PublicLink) -> list[Turn]:
    """The turns that the link shows; a link to a changed memory has its last turn alone."""
    last = Turn.objects.get(pk=link.turn_id)
    if not link.whole:
        return [last]
    turns = list(link.chat.turns.oldest_first().defer("state", "given"))
    talk = [turn for turn in branch(turns, link.turn_id) if turn.kind == TurnKind.TALK]
    return talk or [last]


def _report(request: Any, turn: Turn, back: str, shown: Sequence[Turn] = ()) -> HttpResponse:
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
        "shown": shown if len(shown) > 1 else (),
        "back": back,
        "reasons": ReportReason.choices,
        "chosen": request.POST.get("reason", ""),
        "note": request.POST.get("note", "")[:500],
        "problem": problem,
        "done": done,
    }
    return render(request, "report.html", context, status=400 if problem else 200)
