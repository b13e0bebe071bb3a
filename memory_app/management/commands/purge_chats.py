"""Removes for good what was deleted; the running site does so by itself every ten minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from memory_app import services
from memory_app.management.reporting import ReportingCommand, positive


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
        return {"purged": services.chats_purge(older_than=timedelta(hours=options["hours"]))}

    def show(self, result: Any) -> None:
        self.stdout.write(f"{result['purged']} chats purged")
