"""Forgets what was consolidated of a chat: the adapter is fitted to the others alone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from memory_app.management.base import ReportingCommand
from memory_app.management.commands.consolidate import adapter_described, chat_named
from memory_app.models import LongTermMemory
from memory_app.services.chat.consolidate import memory_refit
from memory_app.services.chat.long_term import chat_forgotten


class Command(ReportingCommand):
    help = "Forgets what was remembered for good of a chat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("chat", metavar="CHAT", help="a chat's id")

    def report(self, options: dict[str, Any]) -> Any:
        chat = chat_named(options["chat"])
        if not chat_forgotten(chat=chat):
            raise CommandError("Nothing was remembered for good of this chat.")
        rows = LongTermMemory.objects.filter(owner=chat.owner_id, checkpoint=chat.checkpoint_id)
        for key in rows.values_list("pk", flat=True):
            memory_refit(key=key)
        return {"adapter": adapter_described(chat)}
