"""A run before its row: its settings checked; and its row, queued."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory_app.core.cells import cell_named, cell_names
from memory_app.core.messages import Sentence, quoted
from memory_app.core.run_settings import PRESETS, SettingsError, TrainingSettings
from memory_app.core.text.graphemes import name_of
from memory_app.models import Checkpoint, Corpus, ParameterSearch, TrainingRun
from memory_app.services.operations.audit import audit_record
from memory_app.services.training.run_checks import memory_refusal, run_doubts
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_queue import run_enqueue


def run_settings(
    *,
    preset: str,
    corpora: Sequence[tuple[str, float]],
    changes: Mapping[str, Any] | None = None,
    parent: Checkpoint | None = None,
) -> TrainingSettings:
    """What a run of these would be launched with; nothing is written.

    Raises:
        RunError: no such preset or corpus, or a setting that can't be.
    """
    if preset not in PRESETS:
        raise RunError(
            "There is no preset {name}. Choose one of {choices}.",
            field="preset",
            name=quoted(preset),
            choices=", ".join(PRESETS),
        )
    known = {row.name: row for row in Corpus.objects.filter(split="train")}
    for corpus, weight in corpora:
        if corpus not in known:
            raise RunError(
                "There is no training corpus {name}.", field="corpus", name=quoted(corpus)
            )
        if not known[corpus].file.is_file():
            raise RunError(
                "The file of the corpus {name} is missing.", field="corpus", name=quoted(corpus)
            )
        if not 0 < weight <= 1000:
            raise RunError(
                "The weight of {name} must be above 0 and at most 1,000.",
                field=f"weight.{known[corpus].pk}",
                name=quoted(corpus),
            )
    if len({name for name, _ in corpora}) < len(corpora):
        raise RunError("A corpus is listed twice. Give it a higher weight instead.", field="corpus")
    languages = {known[corpus].language for corpus, _ in corpora}
    if len(languages) > 1:
        raise RunError("The corpora have different languages.", field="corpus")
    try:
        chosen = PRESETS[preset]
        if languages:
            chosen = chosen.changed({"language": languages.pop()})
        if parent is not None:
            chosen = chosen.changed({"hidden_size": parent.hidden_size})
        chosen = chosen.changed({**(changes or {}), **_taken_over(parent, changes or {})})
    except SettingsError as fault:
        raise RunError(fault.sentence) from fault
    if corpora and not chosen.model.reads_corpora:
        raise RunError("A run of {task} reads no corpus.", field="corpus", task=chosen.model.task)
    made = chosen.curriculum.facts + chosen.curriculum.identity or not chosen.model.reads_corpora
    if not corpora and not made:
        raise RunError("There is nothing to train on. Choose a corpus or set facts above 0.")
    if refusal := memory_refusal(chosen):
        raise RunError(refusal.template, field="set.hidden_size", **refusal.values)
    return chosen


def _taken_over(parent: Checkpoint | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the parent decides: its shape, but where the chosen cell stands on its own.

    Then the parent's layers are the lower ones, and what stands above them is the run's choice.
    """
    if parent is None:
        return {}
    shape = dict(parent.shape)
    cell = changes.get("cell")
    lower = cell_named(cell).lower_cell if cell in cell_names() else None
    if lower is not None and lower[0] == shape["cell"]:
        del shape["cell"], shape["num_layers"]
    return shape


@transaction.atomic
def run_launch(
    *,
    preset: str,
    corpora: Sequence[tuple[str, float]],
    changes: Mapping[str, Any] | None = None,
    name: str = "",
    enqueue: bool = True,
    parent: Checkpoint | None = None,
    by: User | None = None,
    search: ParameterSearch | None = None,
) -> TrainingRun:
    """Queue a run; the worker is notified once the row is committed.

    With `parent` it begins from that checkpoint's weights, in that checkpoint's shape, or with it
    below the layers of its own cell.

    Raises:
        RunError: as `run_settings`.
    """
    chosen = run_settings(preset=preset, corpora=corpora, changes=changes, parent=parent)
    run = TrainingRun.objects.create(
        name=name_of(name) or f"{preset} {timezone.now():%Y-%m-%d %H:%M} UTC",
        preset=preset,
        settings=chosen.to_dict(),
        corpora=[[corpus, weight] for corpus, weight in corpora],
        total_steps=chosen.optimisation.steps,
        parent=parent,
        started_by=by,
        search=search,
    )
    if search is None:  # a search is one entry, with all its runs
        audit_record(
            user=by,
            action="run.launch",
            object=f"{run} ({run.pk})",
            detail={"preset": run.preset, "corpora": run.corpora},
        )
    if enqueue:
        transaction.on_commit(lambda: run_enqueue(run=run))
    return run


def namesake_of(run: TrainingRun) -> Sentence | None:
    """That another run or checkpoint has the name of a new run, or None."""
    runs = TrainingRun.objects.filter(name=run.name).exclude(pk=run.pk)
    if not runs.exists() and not Checkpoint.objects.filter(name=run.name).exists():
        return None
    return Sentence(
        "Another run or checkpoint is also named {name}. Commands that are given this name will ask"
        " for an id instead.",
        {"name": quoted(run.name)},
    )


def launch_doubts(run: TrainingRun) -> list[Sentence]:
    """What a person who has launched this run should know at once: nothing stops it."""
    preset = PRESETS[run.preset]
    doubts = run_doubts(
        preset.from_dict(run.settings),
        preset=preset,
        corpora=[name for name, _weight in run.corpora],
    )
    namesake = namesake_of(run)
    return [*([namesake] if namesake else []), *doubts]
