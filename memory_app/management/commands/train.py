"""A training run in the foreground: the same service as the worker's.

Under torchrun several processes run it together: the first one has the row, the lease and the
progress bar, the others their share of every batch.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from rich.progress import MofNCompleteColumn, Progress, TaskID, TextColumn

from memory_app import registry
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.run_settings import PRESETS, TrainingSettings
from memory_app.core.training.callbacks import Metrics, Validation, Watcher
from memory_app.core.training.distributed import Group, joined
from memory_app.management.base import ReportingCommand, bars
from memory_app.management.setting_help import SettingHelpFormatter, setting_help
from memory_app.models import RunStatus, TrainingRun
from memory_app.services.operations.audit import audit_record
from memory_app.services.training.execute import take_part
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_launch import launch_doubts, run_launch, run_settings
from memory_app.services.training.runs import run_find, run_with_equal_weights

BASE = "base"
#: The preset of a task, where a command names only the task.
TASK_PRESETS = {"chat": BASE} | {
    task: task for task in ("sentiment", "completion", "translation", "speech")
}


def _weighted(text: str) -> tuple[str, float]:
    """NAME or NAME:WEIGHT."""
    name, colon, weight = text.rpartition(":")
    if not colon:
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        raise CommandError(f"The weight in {text!r} is not a number.") from None


def _change(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--set takes key=value, not {text!r}.")
    return key.strip(), value.strip()


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    """The options' part of a new run."""
    task = options["task"]
    changes = dict(_change(text) for text in options["set"])
    return {
        "preset": options["preset"] or TASK_PRESETS[task or CHAT_TASK],
        "corpora": [_weighted(text) for text in options["corpus"]],
        "changes": {**({"task": task} if task else {}), **changes},
        "parent": registry.find(options["parent"]) if options["parent"] else None,
    }


class Bar(Watcher):
    """Draws the run: steps, loss, tokens a second, time left; keeps the last figures."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self.metrics: dict[str, float] = {}
        self.validation: dict[str, float] = {}
        self.figures: dict[str, float] = {}
        self._loss = self._rate = math.nan

    def on_start(self, settings: TrainingSettings, step: int) -> None:
        self._task = self._progress.add_task(
            "Training", total=settings.optimisation.steps, completed=step, loss="", rate=""
        )

    def on_step(self, step: int, metrics: Metrics) -> None:
        self.metrics = dict(metrics)
        self._loss = _smooth(self._loss, metrics["loss"])
        self._rate = _smooth(self._rate, metrics["tokens_per_second"])
        if self._task is not None:
            self._progress.update(
                self._task,
                completed=step,
                loss=f"loss {self._loss:.3f}",
                rate=f"{self._rate:,.0f} tokens/s",
            )

    def on_figures(self, step: int, figures: Mapping[str, float]) -> None:
        self.figures = dict(figures)
        shown = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        self._progress.console.print(f"step {step}: {shown}", highlight=False)

    def on_validation(self, step: int, bits_per_byte: Validation) -> None:
        self.validation = dict(bits_per_byte)
        figures = ", ".join(f"{name} {value:.3f}" for name, value in bits_per_byte.items())
        self._progress.console.print(f"step {step}: bits per byte {figures}", highlight=False)


def _smooth(before: float, now: float) -> float:
    return now if math.isnan(before) else 0.9 * before + 0.1 * now


class Command(ReportingCommand):
    help = "Trains a model on corpora and generated facts, and registers it as a checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = SettingHelpFormatter
        parser.epilog = setting_help(BASE)
        parser.add_argument(
            "--corpus",
            action="extend",
            nargs="+",
            default=[],
            metavar="NAME[:WEIGHT]",
            help="may be repeated; a weight of 2 draws a corpus twice as often",
        )
        parser.add_argument("--task", choices=list(TASK_PRESETS), help="by default the preset's")
        parser.add_argument(
            "--preset", choices=list(PRESETS), help=f"by default {BASE}, or that of --task"
        )
        parser.add_argument(
            "--set",
            action="extend",
            nargs="+",
            default=[],
            metavar="KEY=VALUE",
            help="change one setting of those listed below",
        )
        parser.add_argument(
            "--from",
            dest="parent",
            metavar="CHECKPOINT",
            help="begin from these weights (id, sha256 or name) instead of at random",
        )
        parser.add_argument("--name", default="", help="of the run and its checkpoint")
        parser.add_argument("--resume", metavar="RUN", help="go on with a run, by id or name")

    def report(self, options: dict[str, Any]) -> Any:
        # Every process chooses its device by itself; nothing is written yet.
        with joined(self._device(options)) as group:
            if group.rank:
                # Here training's own errors end the process, and torchrun the others with it.
                take_part(TrainingRun.objects.get(pk=UUID(group.tell(""))), group)
                sys.exit(0)
            return self._carry_out(options, group)

    def _carry_out(self, options: dict[str, Any], group: Group) -> dict[str, Any]:
        row = self._row(options)
        if row.status == RunStatus.FINISHED:
            raise CommandError("This run has ended: its checkpoint is there already.")
        self.note(f"run {row.pk}")
        if options["resume"]:
            audit_record(user=None, action="run.resume", object=f"{row} ({row.pk})")
        group.tell(str(row.pk))
        columns = (
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}"),
            TextColumn("{task.fields[rate]}"),
        )
        with bars(*columns) as progress:
            bar = Bar(progress)
            done = run_execute(
                run_id=row.pk, again=bool(options["resume"]), callbacks=[bar], group=group
            )
        if done is None:
            raise CommandError("Another worker carries out this run.")
        if done.status == RunStatus.FAILED:
            raise CommandError(done.error)
        if equal := run_with_equal_weights(run=done):
            self.note(
                f"Its weights equal those of {done.checkpoint}, which the run {equal.name} had"
                " created: no second checkpoint was made."
            )
        elif done.checkpoint and done.checkpoint.name != done.name:
            self.note(f"These weights already exist as {done.checkpoint}; nothing was added.")
        return {
            "run": {
                "id": str(done.pk),
                "name": done.name,
                "preset": done.preset,
                "status": done.status,
                "step": done.step,
                "total_steps": done.total_steps,
            },
            "checkpoint": registry.describe(done.checkpoint) if done.checkpoint else None,
            "metrics": {
                **bar.metrics,
                **({"validation": bar.figures} if bar.figures else {}),
                "bits_per_byte": bar.validation,
            },
        }

    def _row(self, options: dict[str, Any]) -> TrainingRun:
        if options["resume"]:
            if options["corpus"] or options["set"] or options["parent"]:
                raise CommandError("A resumed run keeps its own corpora and settings.")
            return run_find(options["resume"])
        asked = _asked(options)
        preset = PRESETS.get(asked["preset"])
        if not options["corpus"] and (preset is None or preset.model.reads_corpora):
            raise CommandError("Name at least one corpus: --corpus NAME.")
        row = run_launch(**asked, name=options["name"], enqueue=False)
        for doubt in launch_doubts(row):
            self.note(str(doubt))
        return row

    def _device(self, options: dict[str, Any]) -> str:
        if options["resume"]:
            return str(run_find(options["resume"]).settings.get("device", "cpu"))
        return run_settings(**_asked(options)).execution.device if options["corpus"] else "cpu"

    def failed(self, result: Any) -> str:
        status = result["run"]["status"]
        return "" if status == RunStatus.FINISHED else f"The run is {status}."
