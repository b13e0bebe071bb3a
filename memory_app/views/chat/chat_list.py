"""The list of a person's chats: by day, or the results of a search with their place in the chat."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from memory_app.core.text.case_folding import fold, stretches
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
from memory_app.models.search import Grade, grade_of

#: Chats a page of the list; characters and words of a search.
PAGE, QUERY_MAX, WORDS_MAX = 50, 200, 8
#: Matching chats of a search that are counted.
COUNTED = 500
# Characters of a snippet before the first match, and in all.
_BEFORE, _SNIPPET = 32, 140
# Matches of a text that may begin a snippet, and turns of a chat that are compared for it.
_PLACES_MAX, _TURNS_MAX = 100, 20
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


def _is_whole(line: str, start: int, end: int) -> bool:
    """Whether a stretch is no part of a longer word."""
    before, after = line[start - 1 : start], line[end : end + 1]
    return not before.isalnum() and not after.isalnum()


def _best_place(line: str, places: Sequence[tuple[int, int]], room: int) -> int:
    """Where the match begins that most of the words follow within `room`, whole ones at best."""

    def worth(first: int) -> tuple[int, int, int]:
        near = [place for place in places if first <= place[0] and place[1] <= first + room]
        whole = {fold(line[start:end]) for start, end in near if _is_whole(line, start, end)}
        every = {fold(line[start:end]) for start, end in near}
        # The words of a phrase follow one another sooner than scattered ones.
        seen: set[str] = set()
        until = first
        for start, end in near:
            if (word := fold(line[start:end])) not in seen:
                seen.add(word)
                until = end
        return len(every), len(whole), first - until

    return max((start for start, _ in places[:_PLACES_MAX]), key=worth)


def snippet(text: str, words: Sequence[str], room: int = _SNIPPET) -> list[Piece]:
    """A line of the text around the best match of the words, marked; empty without a match."""
    line = " ".join(text.split())
    places = stretches(line, words)
    if not places:
        return []
    before = _BEFORE * room // _SNIPPET
    first = _best_place(line, places, room - before)
    start = max(0, first - before)
    if start:
        # From the beginning of a word, unless that would cut off most of the text before the match.
        space = line.find(" ", start, first)
        start = space + 1 if space >= 0 else start
    start = boundary(line, start)
    end = boundary(line, start + room)
    pieces = marked(line[start:end], words)
    opening = [Piece("…")] if start else []
    return [*opening, *pieces, *([Piece("…")] if end < len(line) else [])]


def _words_in(pieces: Sequence[Piece]) -> set[str]:
    return {fold(piece.text) for piece in pieces if piece.is_match}


def turn_line(title: str, turn: Turn, words: Sequence[str]) -> list[Piece]:
    """What a search found in a turn; in message and reply where neither has all of the words."""
    # A title is mostly the first message, which isn't repeated then.
    is_title = turn.user_text == title
    message = [] if is_title else snippet(turn.user_text, words)
    reply = snippet(turn.reply_text, words)
    folded = {fold(word) for word in words}
    if is_title and grade_of(fold(title), [folded_word(word) for word in words]).whole == len(
        words
    ):
        return reply if _words_in(reply) >= folded else []
    if _words_in(message) >= folded or not _words_in(reply) - _words_in(message):
        return message
    if not message or _words_in(reply) >= folded:
        return reply
    half = _SNIPPET // 2
    return [
        *snippet(turn.user_text, words, half),
        Piece(" · "),
        *snippet(turn.reply_text, words, half),
    ]


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


def _found_in(chats: Sequence[Chat], words: Sequence[str]) -> dict[UUID, Turn]:
    """For each chat the turn that fits best: with all of the words, on the branch that is shown."""
    places = SearchChunk.objects.places([chat.pk for chat in chats], words)
    which = Q(pk__in=[])
    grades: dict[tuple[UUID, int], Grade] = {}
    for chat, graded in places.items():
        best = sorted(graded, key=lambda pair: (pair[0], -pair[1]), reverse=True)[:_TURNS_MAX]
        grades |= {(chat, position): grade for grade, position in best}
        which |= Q(chat=chat, position__in=[position for _, position in best])
    turns = Turn.objects.filter(which).only("chat_id", "position", "user_text", "reply_text")
    heads = [chat.head_id for chat in chats if chat.pk in places and chat.head_id]
    shown = Turn.objects.branch_of(heads)
    found: dict[UUID, Turn] = {}

    def worth(turn: Turn) -> tuple[bool, bool, Grade, int]:
        grade = grades[turn.chat_id, turn.position]
        return grade.every, turn.pk in shown, grade, -turn.position

    for turn in turns:
        known = found.get(turn.chat_id)
        if known is None or worth(turn) > worth(known):
            found[turn.chat_id] = turn
    return found


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
            line = turn_line(chat.title, turn, words)
        entries.append(
            Entry(chat, marked(chat.title, words), when, line, turn.pk if turn else None)
        )
    return entries


def last_page(rows: ChatQuerySet, *, query: str, archived: bool) -> int:
    """The number of the last page that `listing` has for these; 1 where there is none."""
    words = words_of(query)
    count = len(rows.keys_mentioning(words)) if words else rows.filter(archived=archived).count()
    return max(1, -(-count // PAGE))


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
    count, uncounted = None, False
    if words:
        # The matching keys, without rows: a search for the count and another for the page would
        # cost twice as much. Each match costs reading its texts, so that a common word's are
        # counted only so far.
        counted = max(COUNTED, start + PAGE + 1)
        keys = rows.keys_mentioning(words, counted + 1)
        uncounted = len(keys) > counted
        count = min(len(keys), counted)
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
        "uncounted": uncounted,
        "archived": archived and not words,
        "archived_count": archived_count,
    }
