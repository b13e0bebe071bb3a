"""Exports all data about one person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from memory_app.management.base import ReportingCommand
from memory_app.services.operations.personal_data import data_subject
from memory_app.services.operations.personal_export import person_export


class Command(ReportingCommand):
    help = "Writes all of one person's data as a zip: chats, states, profile, audit entries."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", help="a user name, or a person's id: a guest has only that")
        parser.add_argument("path", type=Path, help="the zip to write; nothing is written over")

    def report(self, options: dict[str, Any]) -> Any:
        who = data_subject(named=options["user"])
        return {"path": str(options["path"]), **person_export(who=who, path=options["path"])}

    def show(self, result: Any) -> None:
        self.stdout.write(
            f"{result['path']}: {result['chats']} chats, {result['states']} states,"
            f" {result['audit']} audit entries"
        )
