"""Restores a backup into an empty database and DATA_DIR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from memory_app.management.base import ReportingCommand
from memory_app.services.operations.restore import backup_restore


class Command(ReportingCommand):
    help = "Restores a backup into an empty database; verify_sessions tells whether all is well."
    #: The backup brings the tables along.
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("path", type=Path, help="a tar that backup wrote")

    def report(self, options: dict[str, Any]) -> Any:
        contents = backup_restore(path=options["path"])
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
