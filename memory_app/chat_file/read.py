"""A chat's file, read: every part is checked by itself before anything is built from it."""

import json
from collections import defaultdict
from heapq import heappop, heappush
from typing import Any

from django.utils.translation import gettext_lazy as _

from memory_app.chat_file.content import ChatFile, FileTurn, refused
from memory_app.chat_file.form import BYTES_MAX, FORMAT, TOKENS_MAX, TURNS_MAX, VERSION
from memory_app.chat_file.read_turn import is_sha256, read_turn
from memory_app.refusal import Refused


def read(data: bytes) -> ChatFile:
    """Parse a chat from a file's bytes.

    Raises:
        Refused: for everything that isn't exactly such a file; no other exception.
    """
    if len(data) > BYTES_MAX:
        raise Refused("too_long", _("The file is larger than 4 MiB, the limit for a chat."))
    try:
        # ValueError: no UTF-8, no JSON, or a number of thousands of digits.
        parsed = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("invalid", _("The file isn’t JSON.")) from None
    if not isinstance(parsed, dict) or parsed.get("format") != FORMAT:
        raise Refused("invalid", _("The file isn’t a chat downloaded from this site."))
    if type(parsed.get("format_version")) is not int or parsed["format_version"] < 1:
        raise Refused("invalid", _("The file isn’t a chat downloaded from this site."))
    if parsed["format_version"] > VERSION:
        raise Refused("invalid", _("The file has a newer format than this site supports."))
    checkpoint, title, turns = parsed.get("checkpoint"), parsed.get("title"), parsed.get("turns")
    sha256 = checkpoint.get("sha256") if isinstance(checkpoint, dict) else None
    if not is_sha256(sha256):
        raise Refused("invalid", _("The file doesn’t name the chat’s checkpoint."))
    if not isinstance(title, str) or not isinstance(turns, list):
        raise Refused("invalid", _("The file has no title or no turns."))
    if len(turns) > TURNS_MAX:
        raise Refused("too_long", _("The chat has more than 2,000 turns."))
    states = parsed.get("states", {})
    if not isinstance(states, dict):
        raise Refused("invalid", _("The file has no title or no turns."))
    return ChatFile(title, str(sha256), *_tree(parsed.get("head"), turns, states))


def _tree(
    head: object, entries: list[object], states: dict[str, Any]
) -> tuple[str | None, list[FileTurn]]:
    """The turns, each after its parent, so that there is no cycle; and the head among them."""
    turns: dict[str, FileTurn] = {}
    tokens = 0
    for number, entry in enumerate(entries, 1):
        turn = read_turn(entry, number, states)
        if turn.id in turns:
            raise refused(_("Turn {n} has the same id as an earlier turn."), number)
        tokens += turn.tokens
        if tokens > TOKENS_MAX:
            raise Refused("too_long", _("The chat has more than 40,000 tokens to replay."))
        turns[turn.id] = turn
    for number, turn in enumerate(turns.values(), 1):
        parent = turns.get(turn.parent) if turn.parent is not None else None
        if turn.parent is not None and (parent is None or not parent.is_committed):
            raise refused(_("Turn {n} has no parent in the file that has a memory."), number)
    if head is not None:
        at = turns.get(head) if isinstance(head, str) else None
        if at is None or not at.is_committed:
            raise Refused("invalid", _("The head isn’t a turn of this chat with a memory."))
    return (str(head) if head is not None else None), _parents_first(list(turns.values()))


def _parents_first(turns: list[FileTurn]) -> list[FileTurn]:
    """The same turns in the file's order, but each after its parent.

    Older versions ordered them by time: where the clock had been set back, a child preceded its
    parent.
    """
    children: dict[str | None, list[int]] = defaultdict(list)
    for at, turn in enumerate(turns):
        children[turn.parent].append(at)
    ready = children[None]  # a heap, since it is sorted
    ordered: list[FileTurn] = []
    while ready:
        turn = turns[heappop(ready)]
        ordered.append(turn)
        for at in children[turn.id]:
            heappush(ready, at)
    if len(ordered) < len(turns):
        kept = {turn.id for turn in ordered}
        circular = next(at for at, turn in enumerate(turns, 1) if turn.id not in kept)
        raise refused(_("Turn {n} comes after itself."), circular)
    return ordered


def _no_number(name: str) -> None:
    raise ValueError(f"{name} isn't JSON.")
