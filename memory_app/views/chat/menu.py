"""Actions on one chat: rename, share, pin, archive, delete and undo that."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.core.text.graphemes import cut, one_line
from memory_app.http import ChatRequest, ImportingRequest, PersonRequest
from memory_app.views.chat.chat_list import entry_of, zone_of
from memory_app.views.chat.public_links import link_url


def _done(request: ChatRequest, facts: dict[str, Any]) -> HttpResponse:
    """The new values for a script; for a form the page that it came from, or the chat's."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse(facts)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = resolve_url("chat", chat=request.chat.pk)
    return redirect(back)


@never_cache
def chat_menu(request: ChatRequest, chat: UUID) -> HttpResponse:
    """The chat's menu as a page of its own, for readers without scripts."""
    return render(request, "chat_menu.html", menu_context(request))


def menu_context(request: ChatRequest) -> dict[str, Any]:
    """The chat and its public links, for the template of its menu."""
    row = request.chat
    links = list(row.links.select_related("turn").defer("turn__state", "turn__given"))
    shown = [
        {
            "whole": link.whole,
            "url": link_url(request, link),
            "text": cut(one_line(link.turn.user_text), 60, mark="…"),
            "action": resolve_url("chat_share_public", chat=row.pk)
            if link.whole
            else resolve_url("turn_share", turn=link.turn_id),
        }
        for link in sorted(links, key=lambda link: (not link.whole, link.created))
    ]
    has_whole = any(link.whole for link in links)
    return {"chat": row, "public_links": shown, "has_whole": has_whole}


def chat_rename(request: ChatRequest, chat: UUID) -> HttpResponse:
    """Give the chat a title."""
    row = request.chat
    services.chat_rename(chat=row, title=request.POST.get("title", ""))
    return _done(request, {"title": row.title})


def chat_share(request: ChatRequest, chat: UUID) -> HttpResponse:
    """Let staff read the chat (`shared` is 1), or no longer."""
    row = request.chat
    services.chat_share(chat=row, shared=request.POST.get("shared") == "1")
    return _done(request, {"shared": row.shared})


def chat_pin(request: ChatRequest, chat: UUID) -> HttpResponse:
    """Keep the chat above the others (`pinned` is 1), or no longer."""
    row = request.chat
    services.chat_pin(chat=row, pinned=request.POST.get("pinned") == "1")
    return _done(request, {"pinned": row.pinned, "archived": row.archived})


def chat_archive(request: ChatRequest, chat: UUID) -> HttpResponse:
    """Leave the chat out of the list (`archived` is 1), or return it."""
    row = request.chat
    services.chat_archive(chat=row, archived=request.POST.get("archived") == "1")
    return _done(request, {"pinned": row.pinned, "archived": row.archived})


def chat_delete(request: ImportingRequest, chat: UUID) -> HttpResponse:
    """Delete the chat; the answer offers to undo that."""
    importing = request.importing
    if importing is not None:
        services.import_cancel(row=importing)
        return redirect("chats")
    row = request.chat
    assert row is not None  # else it is being imported
    services.chat_delete(chat=row)
    if request.htmx:
        return render(request, "parts/chat_gone.html", {"chat": row, "place": _place(request)})
    return redirect(f"{resolve_url('chats')}?{urlencode({'deleted': str(row.pk)})}")


def chat_restore(request: ChatRequest, chat: UUID) -> HttpResponse:
    """Undo the deletion."""
    row = request.chat
    services.chat_restore(chat=row)
    if request.htmx:
        entry = entry_of(row, zone_of(request))
        context = {"entry": entry, "place": _place(request), "restored": True}
        return render(request, "parts/chat_entry.html", context)
    return redirect("chat", chat=row.pk)


def _place(request: PersonRequest) -> str:
    return "rail" if request.POST.get("place") == "rail" else "page"
