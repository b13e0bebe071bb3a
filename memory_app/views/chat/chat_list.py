"""The list of a person's chats: by day, or the results of a search with their place in the chat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from memory_app.core.text.case_folding import stretches
from memory_app.core.text.graphemes import boundary
from memory_app.http import PersonRequest
from memory_app.models import (
    Chat,
    ChatImport,
    ChatQuerySet,
    ImportStatus,
    SearchChunk,
    Turn,
    folded_word,
)

#: Chats a page of the list; characters and words of a search.
PAGE, QUERY_MAX, WORDS_MAX = 50, 200, 8
# Characters of a snippet before the first match, and in all.
_BEFORE, _SNIPPET = 32, 140
# The largest distance of any time zone on Earth from UTC.
_FARTHEST = 14 * 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `is_match`: it is what the search was for."""

    text: str
    is_match: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One chat of the list."""

    chat: Chat
    title: list[Piece]
    when: str = ""
    snippet: list[Piece] = field(default_factory=list)
    turn: UUID | None = None


@dataclass(frozen=True, slots=True)
class Importing:
    """A chat that is still being imported."""

    row: ChatImport
    percent: int


@dataclass(frozen=True, slots=True)
class Group:
    """Chats of one day or month; no name where it continues the previous page's group."""

    name: str
    entries: list[Entry]


def words_of(query: str) -> list[str]:
    """The words of a search, each once, the first eight."""
    # A word of nothing but joiners folds to the empty string, which every text contains.
    return [word for word in dict.fromkeys(query.split()) if folded_word(word)][:WORDS_MAX]


def query_of(request: HttpRequest) -> str:
    """The search words of ?q=; no database takes NUL."""
    return request.GET.get("q", "").replace("\0", "").strip()[:QUERY_MAX]


def zone_of(request: HttpRequest) -> tzinfo:
    """The reader's time zone, which their browser sends in a cookie; else UTC."""
    try:
        minutes = int(request.COOKIES.get("utc_offset", "")[:6])
    except ValueError:
        return UTC
    return timezone(timedelta(minutes=minutes)) if abs(minutes) <= _FARTHEST else UTC


def marked(text: str, words: Sequence[str]) -> list[Piece]:
    """The text in pieces, so that matches can be marked."""
    pieces: list[Piece] = []
    at = 0
    for start, end in stretches(text, words):
        pieces += [Piece(text[at:start]), Piece(text[start:end], is_match=True)]
        at = end
    return [piece for piece in (*pieces, Piece(text[at:])) if piece.text]


def snippet(text: str, words: Sequence[str]) -> list[Piece]:
    """A line of the text around the first of the words, marked; empty without a match."""
    line = " ".join(text.split())
    places = stretches(line, words)
    if not places:
        return []
    first = places[0][0]
    start = max(0, first - _BEFORE)
    if start:
        # From the beginning of a word, unless that would cut off most of the text before the match.
        space = line.find(" ", start, first)
        start = space + 1 if space >= 0 else start
    start = boundary(line, start)
    end = boundary(line, start + _SNIPPET)
    pieces = marked(line[start:end], words)
    opening = [Piece("…")] if start else []
    return [*opening, *pieces, *([Piece("…")] if end < len(line) else [])]


def percent_of(row: ChatImport) -> int:
    """The percentage of an import that is replayed; 100 only when it is done."""
    return min(99, 100 * row.done // max(1, row.total))


def imports_of(request: PersonRequest) -> list[Importing]:
    """This person's imports that go on or failed, the last one first."""
    person = request.person
    if not person:
        return []
    rows = person.imports.exclude(status=ImportStatus.FINISHED).defer("data")
    return [Importing(row, percent_of(row)) for row in rows.order_by("-sequence")]


def day_of(moment: datetime, today: datetime) -> str:
    """The group of a chat of this moment; both in the reader's time."""
    days = (today.date() - moment.date()).days
    if days <= 0:
        return _("Today")
    if days == 1:
        return _("Yesterday")
    if days <= 7:
        return _("Previous 7 days")
    return date_format(moment, "YEAR_MONTH_FORMAT")


def _when(moment: datetime, today: datetime) -> str:
    if moment.date() == today.date():
        time = date_format(moment, "TIME_FORMAT")
        # A browser that hasn't sent its zone yet is shown which one this is.
        return f"{time} UTC" if moment.tzinfo is UTC else time
    return date_format(moment, "SHORT_DATE_FORMAT")


def entry_of(chat: Chat, zone: tzinfo) -> Entry:
    """One chat by itself, as the list shows it without a search."""
    when = _when(chat.updated.astimezone(zone), now().astimezone(zone))
    return Entry(chat, marked(chat.title, ()), when)


def _found_in(chats: Iterable[Chat], words: Sequence[str]) -> dict[UUID, Turn]:
    """For each chat the first turn with all of the words, or else with one of them."""
    places = SearchChunk.objects.places([chat.pk for chat in chats], words)
    which = Q(pk__in=[])
    for chat, position in places.items():
        which |= Q(chat=chat, position=position)
    turns = Turn.objects.filter(which)
    return {turn.chat_id: turn for turn in turns.only("chat_id", "user_text", "reply_text")}


def _entries(
    chats: Sequence[Chat], words: Sequence[str], zone: tzinfo, today: datetime
) -> list[Entry]:
    turns = _found_in(chats, words) if words else {}
    entries = []
    for chat in chats:
        when = _when(chat.updated.astimezone(zone), today)
        turn = turns.get(chat.pk)
        line: list[Piece] = []
        if turn is not None:
            # A title is mostly the first message, which isn't repeated then.
            message = "" if turn.user_text == chat.title else turn.user_text
            line = snippet(message, words) or snippet(turn.reply_text, words)
        entries.append(
            Entry(chat, marked(chat.title, words), when, line, turn.pk if turn else None)
        )
    return entries


def listing(
    request: PersonRequest,
    rows: ChatQuerySet,
    *,
    query: str = "",
    page: int = 1,
    archived: bool = False,
) -> dict[str, Any]:
    """One page of a person's chats in groups, for the templates; a search is among all of them.

    Without one the archived chats are left out, or are alone in it; pinned ones come first.
    """
    words = words_of(query)
    archived_count = rows.filter(archived=True).count()
    # One row more on either side tells whether there is a next page, and which group continues.
    start = (page - 1) * PAGE
    around = slice(max(0, start - 1), start + PAGE + 1)
    count = None
    if words:
        # All of the matching keys, without rows: a search for the count and another for the page
        # would cost twice as much.
        keys = rows.keys_mentioning(words)
        count = len(keys)
        taken = list(rows.filter(pk__in=keys[around]).newest_first())
    else:
        shelf = rows.filter(archived=archived)
        taken = list((shelf.newest_first() if archived else shelf.pinned_first())[around])
    zone = zone_of(request)
    today = now().astimezone(zone)
    before = taken.pop(0) if start and taken else None
    more = len(taken) > PAGE

    def group_of(chat: Chat) -> str:
        if chat.pinned and not words and not archived:
            return _("Pinned")
        return day_of(chat.updated.astimezone(zone), today)

    last = group_of(before) if before else ""
    groups: list[Group] = []
    for entry in _entries(taken[:PAGE], words, zone, today):
        name = group_of(entry.chat)
        if not groups or name != last:
            groups.append(Group("" if name == last else name, []))
        groups[-1].entries.append(entry)
        last = name
    return {
        "imports": imports_of(request) if page == 1 and not words and not archived else [],
        "groups": groups,
        "q": query,
        "page_number": page,
        "next_page": page + 1 if more else None,
        "count": count,
        "archived": archived and not words,
        "archived_count": archived_count,
    }
