"""The page of a person's chats, and the parts of it that htmx requests."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from memory_app import policy
from memory_app.core.number_text import whole_number
from memory_app.http import PersonRequest
from memory_app.models import Chat
from memory_app.views.chat.chat_list import last_page, listing, query_of

# Beyond this a reader searches; and no page number may make the database count for ever.
_LAST_PAGE = 200


def _page_of(request: PersonRequest) -> int:
    return min(_LAST_PAGE, whole_number(request.GET.get("page", ""), 10**9) or 1)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _deleted(request: PersonRequest) -> Chat | None:
    """The chat of ?deleted=, while its deletion can be undone."""
    wanted = _id(request.GET.get("deleted", ""))
    person = request.person
    row = policy.owned_chat(person, wanted, deleted_too=True) if wanted and person else None
    return row if row and row.deleted else None


def show(
    request: PersonRequest,
    *,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    template: str = "chats.html",
) -> HttpResponse:
    """The list, whole or in part; `errors` are of the import form's fields."""
    rows = Chat.objects.of(request.person)
    query, archived = query_of(request), request.GET.get("archived") == "1"
    page = _page_of(request)
    if page > 1 and template != "parts/chat_groups.html":
        # An old address, after chats were deleted: the last page that there is.
        page = min(page, last_page(rows, query=query, archived=archived))
    context: dict[str, Any] = {
        **listing(request, rows, query=query, page=page, archived=archived),
        "place": "rail" if request.GET.get("place") == "rail" else "page",
        "current": _id(request.GET.get("current", "")),
        "errors": errors or {},
    }
    if template == "chats.html":
        context["deleted"] = _deleted(request)
    return render(request, template, context, status=status)


@never_cache
def chats(request: PersonRequest) -> HttpResponse:
    """A person's chats, newest first; with ?q= those that have its words in title or messages.

    htmx gets the list alone, or, for the button at its end, the next page of it.
    """
    htmx = request.htmx
    if not htmx or htmx.history_restore_request:
        return show(request)
    older = htmx.target == "older"
    return show(request, template="parts/chat_groups.html" if older else "parts/chat_list.html")
