"""Rows that the site would never write, read one by one, so that none hides another."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from memory_app.models import Chat, Turn, TurnStatus
from memory_app.models.turn import COMMITTED

Key = UUID | str


def _key(raw: Any) -> Key:
    """A primary key as the database has it; its text where it is no UUID."""
    try:
        return raw if isinstance(raw, UUID) else UUID(str(raw))
    except ValueError:
        return str(raw)


def stored_parents(*, chat: UUID | None = None) -> dict[Key, Key | None]:
    """The parent of each turn, checkpoint by checkpoint and chat by chat, read without conversions.

    An ORM query of many rows ends at the first that it can't convert.
    """
    turns, chats = Turn._meta.db_table, Chat._meta.db_table
    where = (
        f"WHERE {turns}.chat_id = %s" if chat else ""
    )  # names of tables, none of them from outside
    key = chat.hex if chat and connection.vendor == "sqlite" else str(chat)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {turns}.id, {turns}.parent_id FROM {turns} LEFT JOIN {chats}"  # noqa: S608
            f" ON {chats}.id = {turns}.chat_id {where}"
            f" ORDER BY {chats}.checkpoint_id, {turns}.chat_id, {turns}.position",
            [key] if chat else [],
        )
        return {_key(row[0]): _key(row[1]) if row[1] else None for row in cursor.fetchall()}


def in_circles(parents: dict[Key, Key | None]) -> set[Key]:
    """The turns that are among their own ancestors, or below such a turn."""
    sound: set[Key] = set()
    circles: set[Key] = set()
    for first in parents:
        path: dict[Key, None] = {}
        at: Key | None = first
        while at is not None and at in parents and at not in path and at not in sound:
            if at in circles:
                break
            path[at] = None
            at = parents[at]
        (circles if at in path or at in circles else sound).update(path)
    return circles


def turn_read(key: Key) -> Turn | str | None:
    """The row with chat, checkpoint and parent; why it can't be read; None if it is deleted."""
    if not isinstance(key, UUID):
        return f"the row has no id: {key!r}"
    try:
        row = Turn.objects.select_related("chat__checkpoint", "parent").filter(pk=key).first()
        if row is None and Turn.objects.filter(pk=key).exists():
            return "its chat or the chat's checkpoint is missing"
    except Exception as fault:  # whatever a column's converter raises
        return f"the row can't be read: {fault_words(fault)}"
    return row


def fault_words(fault: Exception) -> str:
    """An exception in a line, without the text of a row that SQLite quotes."""
    return f"{type(fault).__name__}: {str(fault).partition(' with text ')[0]}"


def _ids_fault(name: str, ids: object) -> str:
    if not isinstance(ids, list) or not all(type(token_id) is int for token_id in ids):
        return f"its {name} aren't a list of token ids"
    return ""


def turn_fault(turn: Turn) -> str:
    """The fault of the row by itself; empty if there is none."""
    # SQLite's columns take values of any type, whatever the model says.
    created: Any = turn.created
    state: Any = turn.state
    if turn.status not in TurnStatus.values:
        return "its status is unknown"
    fault = _ids_fault("user ids", turn.user_token_ids) or _ids_fault(
        "reply ids", turn.reply_token_ids
    )
    if fault:
        return f"ids: {fault}"
    if turn.is_committed and not isinstance(state, bytes | memoryview | None):
        return "state: it isn't bytes"
    if not isinstance(created, datetime):
        return "it has no time"
    if turn.parent_id and turn.parent is None:
        return "its parent is missing"
    if turn.parent and turn.parent.chat_id != turn.chat_id:
        return "its parent is in another chat"
    return ""


def damaged(keys: Iterable[Key]) -> Key | None:
    """The first of these turns whose row is damaged."""
    for key in keys:
        row = turn_read(key)
        if isinstance(row, str) or (row is not None and turn_fault(row)):
            return key
    return None


def damaged_in_chat(*, chat: UUID) -> Key | None:
    """A turn of the chat whose row is damaged, or that is among its own ancestors."""
    parents = stored_parents(chat=chat)
    circles = in_circles(parents)
    return next(iter(circles)) if circles else damaged(parents)


def head_faults() -> Iterator[tuple[Key, str]]:
    """Turns that a chat goes on from and can't: missing, another chat's, or without a state."""
    turns, chats = Turn._meta.db_table, Chat._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {chats}.id, {chats}.head_id, {turns}.chat_id, {turns}.status FROM {chats}"  # noqa: S608
            f" LEFT JOIN {turns} ON {turns}.id = {chats}.head_id WHERE {chats}.head_id IS NOT NULL"
        )
        rows = cursor.fetchall()
    for chat, head, turn_chat, status in rows:
        where = f"it is the head of chat {_key(chat)}"
        if turn_chat is None:
            yield _key(head), f"{where}, but is missing"
        elif turn_chat != chat:
            yield _key(head), f"{where}, but is in another chat"
        elif status not in COMMITTED:
            yield _key(head), f"{where}, but has no state"
