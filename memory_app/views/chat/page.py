"""The chat page: the turns from the root to the head, and the data that its script starts from."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from memory_app import limits, services
from memory_app.change_notes import change_note
from memory_app.core.inspection.panel_questions import LONGEST_QUESTION, MOST_QUESTIONS
from memory_app.core.messages import Sentence
from memory_app.http import ImportingRequest
from memory_app.languages import foreign_language
from memory_app.limits.table import left_words
from memory_app.models import Chat, Checkpoint, ImportStatus, Turn
from memory_app.pending_chats import is_pending
from memory_app.services.chat.chats import NoCheckpoint, NotForChat
from memory_app.services.chat.titles import is_provisional
from memory_app.translate_messages import in_words
from memory_app.views.cell_json import checkpoint_to_page
from memory_app.views.chat import gauge_json, sampling
from memory_app.views.chat.chat_list import listing, percent_of
from memory_app.views.chat.openings import openings
from memory_app.views.chat.shown_turns import items_of, shown_path
from memory_app.views.chat.tour import tour_of
from memory_app.views.front import front

#: Columns of a turn that the page doesn't show.
_UNREAD = ("state", "given", "user_token_ids", "reply_token_ids", "sampling")


def _chosen(request: HttpRequest) -> Checkpoint | None:
    wanted = request.POST.get("checkpoint", "")
    if not wanted:
        return None
    try:
        return Checkpoint.objects.get(pk=wanted)
    except (Checkpoint.DoesNotExist, ValidationError):
        raise Http404 from None


def chat_new(request: HttpRequest) -> HttpResponse:
    """A new chat with a blank memory."""
    person = services.person_ensure(request=request)
    checkpoint = _chosen(request)
    try:
        chat = services.chat_create(
            person=person, checkpoint=checkpoint, language=get_language() or "en"
        )
    except NotForChat:
        sentence = _("This model is for study only. Only an LSTM can be used for chat.")
        return front(request, problem=sentence, status=400)
    except NoCheckpoint:
        sentence = _(
            "No model is available for chat yet. Try again after a checkpoint has been promoted."
        )
        return front(request, problem=sentence, status=503)
    here = resolve_url("chat", chat=chat.pk)
    return redirect(f"{here}#tour" if request.POST.get("tour") else here)


def _why(turn: Turn) -> dict[str, Any]:
    """The parameters that decide what stands beside the turn; an edit may have thousands."""
    parameters = turn.parameters if isinstance(turn.parameters, dict) else {}
    kept = {name: parameters[name] for name in ("blanked", "forgotten", "of") if name in parameters}
    return {"parameters": kept} if kept else {}


def _page(chat: Chat, turns: list[Turn]) -> dict[str, Any]:
    """What the script starts from: the tree without its texts, which are on the page."""
    return {
        "chat": str(chat.pk),
        "checkpoint": checkpoint_to_page(chat.checkpoint),
        "tree": {
            "title": chat.title,
            "title_provisional": is_provisional(chat.title),
            "head": str(chat.head_id) if chat.head_id else None,
            "running": str(chat.running_id) if chat.running_id else None,
            "blanked": str(chat.blanked_id) if chat.blanked_id else None,
            "turns": [
                {
                    "id": str(turn.pk),
                    "parent": str(turn.parent_id) if turn.parent_id else None,
                    "client_turn_id": str(turn.client_turn_id),
                    "status": turn.status,
                    "state_sha256": turn.state_sha256,
                    # Distinguishes another first message from another reply to it.
                    **({} if turn.parent_id else {"user_text": turn.user_text}),
                    **({} if turn.is_talk else {"kind": turn.kind, "change": change_note(turn)}),
                    **_why(turn),
                    **({"inherited": True} if turn.inherited else {}),
                    **({"hold": turn.hold} if turn.hold else {}),
                }
                for turn in turns
            ],
        },
    }


def _limits(request: ImportingRequest) -> dict[str, Any]:
    """What the person has used of the messages that they may send; empty without a limit."""
    asker = limits.asker_now()
    left = limits.left("messages", asker) if asker is not None else None
    return {"words": left_words(left), "low": left.used * 4 >= left.most * 3} if left else {}


def _source(chat: Chat) -> Turn | None:
    """The turn that the chat was forked from, while its chat exists."""
    if chat.forked_from_id is None:
        return None
    rows = Turn.objects.of(chat.owner).select_related("chat").only("chat__title")
    return rows.filter(pk=chat.forked_from_id).first()


def chat_import(request: ImportingRequest) -> HttpResponse:
    """Instead of the chat: the progress of its import, or why it failed."""
    row = request.importing
    assert row is not None  # else there is the chat
    part = request.htmx and not request.htmx.history_restore_request
    if part and row.status == ImportStatus.FAILED:
        # The rest of the page has other texts then, too.
        return HttpResponseClientRefresh()
    template = "parts/chat_import.html" if part else "chat_import.html"
    problem = in_words(Sentence.from_dict(row.error_said)) if row.error_said else ""
    context = {"importing": row, "percent": percent_of(row), "problem": problem}
    return render(request, template, context)


@never_cache
def chat(request: ImportingRequest, chat: UUID) -> HttpResponse:
    """The chat page, readable before its script runs."""
    row = request.chat
    if row is None:
        return chat_import(request)
    if request.htmx and request.htmx.target == "importing":
        # The page of an import polls its progress, and here is the chat.
        return HttpResponseClientRedirect(resolve_url("chat", chat=row.pk))
    turns = list(
        row.turns.oldest_first().defer(
            "state", "given", "user_token_ids", "reply_token_ids", "sampling"
        )
    )
    path = shown_path(turns, row.head_id, row.running_id)
    offered = openings(row.checkpoint.language)
    tour = tour_of(row.checkpoint)
    return render(
        request,
        "chat.html",
        {
            "chat": row,
            **listing(request, Chat.objects.of(row.owner)),
            "place": "rail",
            "current": row.pk,
            "turns": path,
            "items": items_of(turns, path, row.blanked_id),
            "source": _source(row),
            "links": row.links.exists() if not is_pending(row) else False,
            "openings": offered,
            "tour": tour,
            "gauge": gauge_json.panel(row.checkpoint),
            "gauge_most": MOST_QUESTIONS,
            "gauge_longest": LONGEST_QUESTION,
            "limits": _limits(request),
            "tokens_most": settings.TURN_MAX_IDS,
            "foreign": foreign_language(row.checkpoint.language),
            "sampling": sampling.settings(),
            "presets": sampling.presets(),
            "page": {
                **_page(row, turns),
                "openings": offered,
                "tour": tour,
                "presets": sampling.PRESETS,
            },
        },
    )
