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

from memory_app import services
from memory_app.core.messages import Sentence
from memory_app.http import ImportingRequest
from memory_app.languages import foreign_language
from memory_app.models import COMMITTED, Chat, Checkpoint, ImportStatus, Turn
from memory_app.services.chat.chats import NoCheckpoint, NotForChat
from memory_app.services.chat.titles import is_provisional
from memory_app.translate_messages import in_words
from memory_app.views.cell_json import checkpoint_to_page
from memory_app.views.chat import sampling
from memory_app.views.chat.chat_list import listing, percent_of
from memory_app.views.chat.openings import openings
from memory_app.views.front import front


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
    return redirect("chat", chat=chat.pk)


def shown_path(turns: list[Turn], head: UUID | None, running: UUID | None) -> list[Turn]:
    """From the root to the head, then the turn that runs, or the newest if it has no state.

    The same rule as static/js/chat/tree.js, which takes over from here.
    """
    by_id: dict[UUID | None, Turn] = {turn.pk: turn for turn in turns}
    path: list[Turn] = []
    left = dict(by_id)  # each once: a damaged tree may have a cycle
    at = left.pop(head, None)
    while at:
        path.insert(0, at)
        at = left.pop(at.parent_id, None)
    if speaking := by_id.get(running):
        kept = [turn.pk for turn in path]
        upto = kept.index(speaking.parent_id) + 1 if speaking.parent_id in kept else 0
        return [*path[:upto], speaking]
    below = [turn for turn in turns if turn.parent_id == head]
    if below and below[-1].status not in (*COMMITTED, "running"):
        path.append(below[-1])
    return path


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
            "turns": [
                {
                    "id": str(turn.pk),
                    "parent": str(turn.parent_id) if turn.parent_id else None,
                    "client_turn_id": str(turn.client_turn_id),
                    "status": turn.status,
                    "state_sha256": turn.state_sha256,
                    # Distinguishes another first message from another reply to it.
                    **({} if turn.parent_id else {"user_text": turn.user_text}),
                }
                for turn in turns
            ],
        },
    }


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
        row.turns.oldest_first().defer("state", "user_token_ids", "reply_token_ids", "sampling")
    )
    offered = openings(row.checkpoint.language)
    return render(
        request,
        "chat.html",
        {
            "chat": row,
            **listing(request, Chat.objects.of(row.owner)),
            "place": "rail",
            "current": row.pk,
            "turns": shown_path(turns, row.head_id, row.running_id),
            "openings": offered,
            "tokens_most": settings.TURN_MAX_IDS,
            "foreign": foreign_language(row.checkpoint.language),
            "sampling": sampling.settings(),
            "presets": sampling.presets(),
            "page": {**_page(row, turns), "openings": offered, "presets": sampling.PRESETS},
        },
    )
