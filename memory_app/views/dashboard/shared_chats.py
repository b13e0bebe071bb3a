"""Chats that their owners have shared with the staff: the only ones whose text staff may see."""

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from memory_app.models import Chat, ChatQuerySet
from memory_app.services.operations.audit import audit_record
from memory_app.views.dashboard.page import page

A_PAGE = 100


def readable() -> ChatQuerySet:
    """Shared, and not deleted meanwhile."""
    return Chat.objects.filter(shared=True, deleted=None).select_related("checkpoint", "owner")


def shared_chats(request: HttpRequest) -> HttpResponse:
    """Every shared chat, the last active one first; the title is shared with the chat."""
    rows = readable().newest_first().annotate(turns_count=Count("turns"))
    return page(
        request,
        "dashboard/shared_chats.html",
        title=_("Shared chats"),
        section="shared_chats",
        chats=Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        unshared=Chat.objects.filter(shared=False, deleted=None).count(),
    )


def shared_chat(request: HttpRequest, chat: UUID) -> HttpResponse:
    """One shared chat, to read; the audit log records that."""
    row = get_object_or_404(readable(), pk=chat)
    audit_record(user=request.user, action="shared_chat.read", object=str(row.pk))
    turns = row.turns.oldest_first().defer("state", "given", "user_token_ids", "reply_token_ids")
    return page(
        request,
        "dashboard/shared_chat.html",
        title=row.title or _("A shared chat"),
        section="shared_chats",
        chat=row,
        turns=turns,
    )
