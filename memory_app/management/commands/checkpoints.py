"""The registry of checkpoints from the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from memory_app import registry
from memory_app.management.base import OneLineParser, ReportingCommand
from memory_app.models import Checkpoint
from memory_app.services.training.checkpoints import (
    checkpoint_delete,
    checkpoint_export_folder,
    checkpoint_export_zip,
    checkpoint_promote,
)
from memory_app.services.training.import_checkpoint import checkpoint_import


class Command(ReportingCommand):
    help = "Lists, shows, imports, exports, promotes and deletes checkpoints."

    def add_arguments(self, parser: CommandParser) -> None:
        # Defined here: argparse would use the class of Django's parser, whose mistakes are a page.
        what = parser.add_subparsers(
            dest="what", required=True, metavar="WHAT", parser_class=OneLineParser
        )
        # --json is accepted before and after the subcommand.
        common = OneLineParser(add_help=False)
        common.add_argument("--json", action="store_true", default=argparse.SUPPRESS)

        def add(name: str, text: str) -> argparse.ArgumentParser:
            return what.add_parser(name, help=text, parents=[common])

        add("list", "every checkpoint")
        add("show", "one, with its whole config").add_argument("checkpoint")
        incoming = add("import", "register a folder or its zip, with the model card")
        incoming.add_argument("path", type=Path)
        incoming.add_argument("--name", default="", help="instead of the folder's own")
        outgoing = add("export", "write one to a new folder, or to a new .zip")
        outgoing.add_argument("checkpoint")
        outgoing.add_argument("path", type=Path)
        add("promote", "what new chats use").add_argument("checkpoint")
        add("delete", "one that no chat lives on").add_argument("checkpoint")

    def report(self, options: dict[str, Any]) -> Any:
        what = options["what"]
        if what == "list":
            return {"checkpoints": [registry.describe(row) for row in Checkpoint.objects.all()]}
        if what == "import":
            row, new = checkpoint_import(path=options["path"], name=options["name"])
            if not new:
                self.note(f"These weights already exist as {row}; nothing was added.")
            return {"checkpoint": registry.describe(row)}
        row = registry.find(options["checkpoint"])
        about = registry.describe(row)
        if what == "show":
            return {"checkpoint": {**about, "config": row.config}}
        if what == "export":
            if options["path"].suffix.lower() == ".zip":
                checkpoint_export_zip(checkpoint=row, path=options["path"])
            else:
                checkpoint_export_folder(checkpoint=row, path=options["path"])
            return {"checkpoint": about, "path": str(options["path"])}
        if what == "promote":
            checkpoint_promote(checkpoint=row)
            row.refresh_from_db()
            return {"checkpoint": registry.describe(row)}
        checkpoint_delete(checkpoint=row)
        return {"checkpoint": about, "deleted": True}

    def show(self, result: Any) -> None:
        if "checkpoints" in result:
            for row in result["checkpoints"]:
                marks = "".join(f" [{mark}]" for mark in ("live", "bundled") if row[mark])
                self.stdout.write(
                    f"{row['id']}  {row['sha256'][:12]}  {row['language']}  {row['cell']:<12}"
                    f"  {row['name']}{marks}"
                )
            if not result["checkpoints"]:
                self.stdout.write("There are none yet: train one, or import a folder.")
        else:
            super().show(result)
