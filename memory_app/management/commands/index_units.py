"""Builds the index in which a checkpoint's units are looked up; the site may run meanwhile."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from memory_app import registry
from memory_app.core.inspection.unit_index import UnitIndex
from memory_app.core.number_text import size_text
from memory_app.management.base import ReportingCommand, bars
from memory_app.services.chat.unit_index import (
    REFERENCE_TOKENS,
    index_folder,
    reference_build,
)


class Command(ReportingCommand):
    help = "Replays the reference text on a checkpoint and indexes what each unit gave out."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--checkpoint", help="id, sha256 or name; by default the live one")
        parser.add_argument("--tokens", type=int, default=REFERENCE_TOKENS, help="at least so many")

    def report(self, options: dict[str, Any]) -> Any:
        row = registry.find(options["checkpoint"]) if options["checkpoint"] else registry.live()
        if row is None:
            raise registry.RegistryError("There is no live checkpoint.")
        if not 1 <= options["tokens"] <= 10_000_000:
            raise registry.RegistryError("--tokens takes a number from 1 to 10,000,000.")
        with bars() as progress:
            task = progress.add_task("Reading the reference text", total=options["tokens"])
            index = reference_build(
                checkpoint=row,
                tokens=options["tokens"],
                progress=lambda done: progress.update(task, completed=done),
            )
        return self._result(row.sha256, index)

    def _result(self, sha256: str, index: UnitIndex) -> dict[str, Any]:
        size = sum(file.stat().st_size for file in index_folder(sha256).iterdir())
        units = [layer.units for layer in index.layers]
        return {"checkpoint": sha256, "tokens": index.tokens, "units": units, "bytes": size}

    def show(self, result: Any) -> None:
        self.stdout.write(
            f"{result['tokens']:,} tokens indexed for {sum(result['units']):,} units, "
            f"{size_text(result['bytes'])}"
        )
