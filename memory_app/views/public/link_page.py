"""The page of a public link: a chat, or one turn with its gates, for anyone to read."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.core.text.graphemes import cut, one_line
from memory_app.http import PersonRequest
from memory_app.models import PublicLink, Turn
from memory_app.refusal import Refused
from memory_app.views.chat.shown_turns import Item, branch, items_of
from memory_app.views.public.token_bars import TokenBars, token_bars
from memory_app.views.public.traced_word import traced_word

#: For crawlers that follow a link in spite of what the page's head says.
NOINDEX = "noindex, nofollow, noarchive"


def link_or_404(token: str) -> PublicLink:
    """The link with this token."""
    link = services.link_by_token(token=token)
    if link is None:
        raise Http404
    return link


@never_cache
def public_link(request: PersonRequest, token: str) -> HttpResponse:
    """The messages without their author's name; a turn also with its gates, token by token.

    ?turn=<turn>&token=K, of a chat: where that word of a reply came from.
    """
    link = link_or_404(token)
    turns = list(link.chat.turns.oldest_first().defer("state", "given"))
    path = branch(turns, link.turn_id)
    items = items_of(turns, path, None) if link.whole else [Item(path[-1])]
    context = _context(request, link, path[-1], items)
    numbers = {row.pk: number for number, row in enumerate(path, 1)}
    context["items"] = [(item, numbers.get(item.turn.pk) if item.turn else None) for item in items]
    if "turn" in request.GET:
        # Of a shared chat alone: the sources of one turn's words are words of other turns.
        if not link.whole:
            raise Http404
        context["traced"] = traced_word(
            path, request.GET["turn"][:36], request.GET.get("token", "")[:10]
        )
    response = render(request, "public_link.html", context)
    response["X-Robots-Tag"] = NOINDEX
    return response


def _context(
    request: PersonRequest, link: PublicLink, last: Turn, items: list[Item]
) -> dict[str, Any]:
    title = link.chat.title if link.whole else one_line(last.user_text)
    said = one_line(last.reply_text)
    return {
        "link": link,
        "title": cut(title, 80, mark="…") or _("Chat"),
        "description": cut(said, 160, mark="…"),
        "picture": request.build_absolute_uri(reverse("public_preview", args=[link.token])),
        "address": request.build_absolute_uri(),
        "items": items,
        "bars": _bars(last) if not link.whole else [],
        "checkpoint": link.chat.checkpoint,
    }


def _bars(turn: Turn) -> list[TokenBars]:
    """The turn's mean gates; none where they can't be replayed, which hides no message."""
    try:
        return token_bars(turn)
    except Refused:
        return []
