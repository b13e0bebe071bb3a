"""The list of one's chats: find, rename, delete."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.models import Chat

MOST = 500
QUERY_MAX = 200


@never_cache
def chats(request: HttpRequest) -> HttpResponse:
    """One's own chats, newest first; with ?q= those that have it in a title or a message."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:QUERY_MAX]
    rows = Chat.objects.of(request.person)  # type: ignore[attr-defined]
    if query:
        rows = rows.mentioning(query)
    return render(request, "chats.html", {"chats": rows.newest_first()[:MOST], "q": query})


def chat_rename(request: HttpRequest, chat: UUID) -> HttpResponse:
    """Give the chat a title, and go back to where one was."""
    services.chat_rename(chat=request.chat, title=request.POST.get("title", ""))  # type: ignore[attr-defined]
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = resolve_url("chat", chat=chat)
    return redirect(back)


def chat_delete(request: HttpRequest, chat: UUID) -> HttpResponse:
    """Delete the chat, its turns and their states."""
    services.chat_delete(chat=request.chat)  # type: ignore[attr-defined]
    return redirect("chats")
