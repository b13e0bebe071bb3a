"""What `backup` and `restore` have in common: a path, and what the tar holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from memory_app.management.base import ReportingCommand
from memory_app.services.operations.backup import Contents


class BackupCommand(ReportingCommand):
    #: As the database is: a backup is made before a new version's migrations, and brings tables.
    needs_database = False
    path_help: ClassVar[str]
    act: ClassVar[Callable[..., Contents]]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("path", type=Path, help=self.path_help)

    def report(self, options: dict[str, Any]) -> Any:
        contents = type(self).act(path=options["path"])
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
