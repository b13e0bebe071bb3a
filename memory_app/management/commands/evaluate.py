"""A checkpoint's exam: bits per byte on dialogues, and recall of facts from its context."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.progress import MofNCompleteColumn, TextColumn

from memory_app import registry
from memory_app.core.data.formats import Taken
from memory_app.core.data.read_corpus import Refusal, parse_all
from memory_app.core.evaluation.suites import SUITES, evaluate
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.management.base import ReportingCommand, bars, positive
from memory_app.services.training.evaluations import corpus_dialogues, evaluation_record

Dialogues = Iterable[list[tuple[str, str]]]


def _file(path: Path) -> Dialogues:
    rows = list(parse_all(path))
    refused = [row for row in rows if isinstance(row, Refusal)]
    if refused:
        first = refused[0]
        raise CommandError(
            f"{path.name}: {len(refused)} rows can't be read; the first is line {first.line}:"
            f" {first.reason}."
        )
    return [row.turns for row in rows if isinstance(row, Taken)]


class Command(ReportingCommand):
    help = "Measures a checkpoint: perplexity on dialogues, recall of facts, loops."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoint", required=True, help="an id, a sha256 or a name")
        parser.add_argument("--suite", choices=SUITES, default="all")
        parser.add_argument("--corpus", action="extend", nargs="+", default=[])
        parser.add_argument("--data", type=Path, help="a file of dialogues that is in no corpus")
        parser.add_argument("--n", type=positive, default=200, help="questions a cell")
        parser.add_argument("--language", help="of the recall test; by default the checkpoint's")

    def report(self, options: dict[str, Any]) -> Any:
        row = registry.find(options["checkpoint"])
        sources = {name: corpus_dialogues(name) for name in options["corpus"]}
        if options["data"] is not None:
            sources[options["data"].name] = _file(options["data"])
        if options["suite"] == "perplexity" and not sources:
            raise CommandError("The suite perplexity needs --corpus or --data.")
        # Loaded apart from the runtime, which keeps to the replay's one thread.
        model = load_checkpoint(registry.folder_of(row.sha256))
        with bars(MofNCompleteColumn(), TextColumn("{task.fields[cell]}")) as progress:
            rows = sum(len(list(dialogues)) for dialogues in sources.values())
            reading = progress.add_task("Dialogues", total=rows, visible=bool(rows), cell="")
            asking = progress.add_task("Questions", total=None, visible=False, cell="")

            def on_cell(cell: str, done: int, total: int) -> None:
                progress.update(asking, visible=True, completed=done, total=total, cell=cell)

            result = evaluate(
                model.model,
                model.tokenizer,
                options["suite"],
                sources=sources,
                n=options["n"],
                language=options["language"],
                on_cell=on_cell,
                on_rows=lambda count: progress.advance(reading, count),
            )
        evaluation_record(checkpoint=row, suite=options["suite"], result=result)
        return {"checkpoint": registry.describe(row), **result}
