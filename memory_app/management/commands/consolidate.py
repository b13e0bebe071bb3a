"""Remembers chats for good: what their memories know goes into their owner's adapter."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from rich.progress import Progress, TaskID

from memory_app.management.base import ReportingCommand, bars
from memory_app.models import Chat, Consolidation, LongTermMemory
from memory_app.refusal import Refused
from memory_app.services.chat.consolidate import consolidate_now
from memory_app.services.chat.long_term import consolidation_ask


def chat_named(name: str) -> Chat:
    """The chat of this id.

    Raises:
        CommandError: there is none.
    """
    try:
        rows = Chat.objects.select_related("owner", "checkpoint")
        chat = rows.filter(pk=UUID(name), deleted=None).first()
    except ValueError:
        chat = None
    if chat is None:
        raise CommandError(f"There is no chat {name}.")
    return chat


def adapter_described(chat: Chat) -> dict[str, Any] | None:
    """The adapter of a chat's owner on its checkpoint; None where there is none."""
    row = LongTermMemory.objects.filter(owner=chat.owner_id, checkpoint=chat.checkpoint_id).first()
    if row is None or not row.sha256:
        return None
    held = Consolidation.objects.filter(owner=chat.owner_id, checkpoint=chat.checkpoint_id)
    chats = held.exclude(place=None).order_by("place").values_list("chat_id", flat=True)
    return {
        "sha256": row.sha256,
        "rank": row.rank,
        "bytes": row.size,
        "chats": [str(key) for key in chats],
    }


class Command(ReportingCommand):
    help = "Remembers chats for good, in the weights of their owner's adapter."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("chats", nargs="+", metavar="CHAT", help="ids of chats of one member")
        parser.add_argument(
            "--evaluate", action="store_true", help="print what is known before and after"
        )

    def report(self, options: dict[str, Any]) -> Any:
        chats = [chat_named(name) for name in dict.fromkeys(options["chats"])]
        if len({(chat.owner_id, chat.checkpoint_id) for chat in chats}) > 1:
            raise CommandError("The chats must be one member's, on one checkpoint.")
        figures = []
        with bars() as progress:
            for chat in chats:
                task = progress.add_task(chat.title[:40] or str(chat.pk), total=100)
                on_progress = partial(_advance, progress, task)
                try:
                    row = consolidation_ask(chat=chat)
                    row = consolidate_now(chat=chat, row=row, on_progress=on_progress)
                except Refused as refused:
                    raise CommandError(str(refused.detail)) from refused
                figures.append(row.figures)
        result = {
            "adapter": adapter_described(chats[0]),
            "seconds": round(sum(own.get("seconds", 0.0) for own in figures), 2),
        }
        if options["evaluate"]:
            result |= {when: _mean([own.get(when, {}) for own in figures])
                       for when in ("before", "after")}  # fmt: skip
        return result


def _advance(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)


def _mean(parts: list[dict[str, float]]) -> dict[str, float]:
    """Each figure's mean over the chats that have it."""
    names = dict.fromkeys(name for part in parts for name in part)
    values = {name: [part[name] for part in parts if name in part] for name in names}
    return {name: round(sum(own) / len(own), 5) for name, own in values.items()}
