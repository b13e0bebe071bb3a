"""Purges deleted chats; the running site does so by itself every hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from memory_app import services
from memory_app.management.base import ReportingCommand, positive
from memory_app.services.operations.erase_deleted import RemainsLeft, remains_clear


class Command(ReportingCommand):
    help = "Removes chats whose deletion can't be taken back any more."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--hours",
            type=positive,
            default=24,
            help="those deleted longer ago than this (24)",
        )

    def report(self, options: dict[str, Any]) -> Any:
        purged = services.chats_purge(older_than=timedelta(hours=options["hours"]))
        try:
            # Also where there was nothing to purge: an earlier purge may have left remains.
            remains_clear()
        except RemainsLeft as left:
            raise CommandError(
                f"{purged} chats purged, but bytes of them may be left on the disk: {left}."
            ) from left
        return {"purged": purged}

    def show(self, result: Any) -> None:
        self.stdout.write(f"{result['purged']} chats purged")
