"""Backs the whole site up into one tar, while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from memory_app.management.base import ReportingCommand
from memory_app.services.operations.backup import backup_make


class Command(ReportingCommand):
    help = "Writes database, checkpoints, corpora and runs into one tar, while the site runs."
    #: As it is: a backup is what one makes before the migrations of a new version.
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("path", type=Path, help="the tar to write; nothing is written over")

    def report(self, options: dict[str, Any]) -> Any:
        contents = backup_make(path=options["path"])
        return {
            "path": str(options["path"]),
            "database": contents.database,
            "created": contents.created,
            "version": contents.version,
            "files": contents.files,
            "bytes": contents.size,
        }

    def show(self, result: Any) -> None:
        self.stdout.write(
            f"{result['path']}: {result['database']} database, {result['files']} files,"
            f" {result['bytes']:,} bytes, made {result['created']}"
        )
