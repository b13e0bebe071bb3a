"""A checkpoint's exam: bits per byte on dialogues, and recall of facts from its context."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.progress import MofNCompleteColumn, TextColumn

from memory_app import registry
from memory_app.core.consolidation.exam import evaluate_consolidation
from memory_app.core.data.formats import Taken
from memory_app.core.data.read_corpus import Refusal, parse_all
from memory_app.core.evaluation.suites import SUITES, check_request, evaluate, suites_of
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.tasks import task_named, task_names
from memory_app.management.base import ReportingCommand, bars, console, positive
from memory_app.models import Checkpoint
from memory_app.services.chat.consolidate import Workshop
from memory_app.services.training.evaluations import (
    corpus_dialogues,
    evaluation_begin,
    evaluation_record,
    task_figures,
)
from memory_app.services.training.metrics import most_questions

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
    help = "Measures a checkpoint: perplexity and recall of a chat's, the figures of a task."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoint", required=True, help="an id, a sha256 or a name")
        parser.add_argument("--suite", choices=(*SUITES, "consolidation"), default="all")
        parser.add_argument("--corpus", action="extend", nargs="+", default=[])
        parser.add_argument(
            "--data",
            type=Path,
            help="a file of dialogues, or a folder of recordings, that is in no corpus",
        )
        parser.add_argument("--n", type=positive, default=200, help="questions a cell")
        parser.add_argument("--language", help="of the recall test; by default the checkpoint's")

    def report(self, options: dict[str, Any]) -> Any:
        row = registry.find(options["checkpoint"])
        if row.task in task_names() and not task_named(row.task).measures_rows:
            return self._other_data(row, options)
        sources = {name: corpus_dialogues(name) for name in options["corpus"]}
        if options["data"] is not None:
            sources[options["data"].name] = _file(options["data"])
        if options["suite"] == "perplexity" and not sources:
            raise CommandError("The suite perplexity needs --corpus or --data.")
        if options["suite"] == "consolidation":
            found = self._consolidation(row, sources, options)
            return {"checkpoint": registry.describe(row), **found}
        # Loaded apart from the runtime, which keeps to the replay's one thread.
        model = load_checkpoint(registry.folder_of(row.sha256))
        if row.task != CHAT_TASK:
            (suite,) = suites_of(row.task)
            if not sources:
                raise CommandError(f"A checkpoint for {row.task} needs --corpus or --data.")
            figures = task_figures(model, row.task, sources)
            request = evaluation_begin(checkpoint=row, suite=suite, n=1, corpora=list(sources))
            evaluation_record(checkpoint=row, suite=suite, result=figures, request=request)
            return {"checkpoint": registry.describe(row), **figures}
        check_request(
            options["suite"], sources=sources, n=options["n"], language=options["language"]
        )
        request = evaluation_begin(
            checkpoint=row, suite=options["suite"], n=options["n"], corpora=list(sources)
        )
        self._announce(row.name, request)
        with bars(MofNCompleteColumn(), TextColumn("{task.fields[cell]}")) as progress:
            rows = sum(len(list(dialogues)) for dialogues in sources.values())
            reading = progress.add_task("Dialogues", total=rows, visible=bool(rows), cell="")
            asking = progress.add_task(
                "Questions", total=None, visible=options["suite"] != "perplexity", cell=""
            )

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
        evaluation_record(checkpoint=row, suite=options["suite"], result=result, request=request)
        if "n" in request and (most := most_questions(row)) > request["n"]:
            self.note(
                f"An evaluation of {row.name} with {most:,} questions per test exists: its figures"
                " stay in force."
            )
        return {"checkpoint": registry.describe(row), **result}

    def _other_data(self, row: Checkpoint, options: dict[str, Any]) -> dict[str, Any]:
        """A task that isn't measured on rows of text: on the files of --data, or its own data."""
        if options["corpus"]:
            raise CommandError(f"A checkpoint for {row.task} isn't measured on corpora.")
        model = load_checkpoint(registry.folder_of(row.sha256))
        task, path = task_named(row.task), options["data"]
        (suite,) = suites_of(row.task)
        request = evaluation_begin(
            checkpoint=row, suite=suite, n=1, corpora=[path.name] if path else []
        )
        found = task.metrics(model, []) if path is None else task.file_metrics(model, path)
        figures = {row.task: found}
        evaluation_record(checkpoint=row, suite=suite, result=figures, request=request)
        return {"checkpoint": registry.describe(row), **figures}

    def _consolidation(
        self, row: Checkpoint, sources: dict[str, Dialogues], options: dict[str, Any]
    ) -> dict[str, Any]:
        if not console().is_terminal:
            self.note(f"Consolidating {options['n']:,} scripted chats on {row.name}.")
        with bars(MofNCompleteColumn()) as progress:
            task = progress.add_task("Chats", total=options["n"])
            shop = Workshop(row.sha256)
            result = evaluate_consolidation(
                shop.checkpoint,
                shop.engine,
                shop.statistics,
                options["n"],
                sources=sources,
                on_chat=lambda done, total: progress.update(task, completed=done, total=total),
            )
        return {"consolidation": result}

    def _announce(self, name: str, request: dict[str, Any]) -> None:
        """A line where no bar is drawn: this takes minutes."""
        if not console().is_terminal:
            n, corpora = request.get("n"), request["corpora"]
            parts = [f"{n:,} questions per test"] if n else []
            parts += [f"perplexity on {', '.join(corpora)}"] if corpora else []
            self.note(f"Evaluating {name}: {'; '.join(parts)}.")
