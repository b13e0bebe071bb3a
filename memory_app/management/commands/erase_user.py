"""Erases one person from every store."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from memory_app.management.base import ReportingCommand
from memory_app.services.operations.erase_deleted import RemainsLeft
from memory_app.services.operations.personal_data import data_subject, person_erase


class Command(ReportingCommand):
    help = "Erases all of one person's data for good: it can't be taken back."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", help="a user name, or a person's id: a guest has only that")

    def report(self, options: dict[str, Any]) -> Any:
        who = data_subject(named=options["user"])
        try:
            return {"erased": person_erase(who=who)}
        except RemainsLeft as left:
            raise CommandError(
                f"All rows of {options['user']} are deleted, but bytes of them may be left on the"
                f" disk: {left}. Run purge_chats to try again."
            ) from left

    def show(self, result: Any) -> None:
        counts = ", ".join(f"{count} {name}" for name, count in result["erased"].items())
        self.stdout.write(f"erased: {counts}")
