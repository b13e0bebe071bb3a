"""Dialogues from files into a named corpus."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from rich.progress import TextColumn, TransferSpeedColumn

from memory_app.management.base import ReportingCommand, bars
from memory_app.models import Corpus
from memory_app.services.training.corpora import corpus_import
from memory_app.services.training.corpus_description import LANGUAGES, SPLITS, language_doubt


def describe(corpus: Corpus) -> dict[str, Any]:
    """One corpus as JSON's types."""
    return {
        "id": str(corpus.pk),
        "name": corpus.name,
        "split": corpus.split,
        "language": corpus.language,
        "licence": corpus.licence,
        "attribution": corpus.attribution,
        "sha256": corpus.sha256,
        "rows": corpus.rows,
        "refused": corpus.refused,
        "tokens": corpus.tokens,
        "created": corpus.created.isoformat(),
    }


def _size(path: Path) -> int:
    """Bytes on disk, for the bar alone."""
    if path.is_dir() and not path.is_symlink():
        return sum(
            (Path(folder) / name).lstat().st_size
            for folder, _, names in os.walk(path)
            for name in names
        )
    return path.lstat().st_size if path.exists() else 0


class Command(ReportingCommand):
    help = "Imports dialogues: JSON, User:/Bot: text or CSV, also .gz .xz .zst."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a file, or a folder of files")
        parser.add_argument("--name", required=True, help="the corpus's name")
        parser.add_argument("--split", choices=SPLITS, default="train")
        parser.add_argument(
            "--valid-share",
            type=int,
            default=0,
            metavar="PERCENT",
            help="part off so many percent of the dialogues as the validation split (up to 50)",
        )
        parser.add_argument("--language", choices=LANGUAGES, default="en")
        parser.add_argument("--licence", default="", help="such as CC BY 4.0")
        parser.add_argument("--attribution", default="", help="who made it, and where it is from")

    def report(self, options: dict[str, Any]) -> Any:
        path: Path = options["path"]
        with bars(TransferSpeedColumn(), TextColumn("{task.fields[rows]}")) as progress:
            task = progress.add_task(f"Reading {path.name}", total=_size(path), rows="")
            result = corpus_import(
                path=path,
                name=options["name"],
                split=options["split"],
                language=options["language"],
                licence=options["licence"],
                attribution=options["attribution"],
                valid_share=options["valid_share"],
                progress=lambda read: progress.advance(task, read),
            )
        if result.corpus and (doubt := language_doubt(result.corpus)):
            self.note(str(doubt))
        return {
            "corpus": describe(result.corpus) if result.corpus else None,
            "valid": describe(result.valid) if result.valid else None,
            "taken": result.taken,
            "refused": result.refused,
            "skipped": result.skipped,
            "skipped_messages": result.skipped_messages,
            "refusals": [
                {"file": row.file, "line": row.line, "reason": row.reason}
                for row in result.refusals
            ],
        }

    def show(self, result: Any) -> None:
        self.stdout.write(f"{result['taken']} rows taken, {result['refused']} refused")
        if result["valid"]:
            self.stdout.write(f"  {result['valid']['rows']} of them are the validation split")
        if result["skipped"]:
            self.stdout.write(f"  {result['skipped']} header rows skipped")
        if result["skipped_messages"]:
            self.stdout.write(
                f"  {result['skipped_messages']} messages left out of dialogues: "
                "system, developer, tool, or before the first user message"
            )
        for row in result["refusals"]:
            where = f"{row['file']}, line {row['line']}" if row["line"] else row["file"]
            self.stdout.write(f"  {where}: {row['reason']}")
        if result["refused"] > len(result["refusals"]):
            self.stdout.write(f"  … and {result['refused'] - len(result['refusals'])} more")

    def failed(self, result: Any) -> str:
        return "" if result["corpus"] else "No row could be taken, so there is no corpus."
