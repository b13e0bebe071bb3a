"""Common parts of the forms of a run and of a parameter search: shown, and parsed."""

from collections.abc import Container
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from memory_app.core.messages import quoted
from memory_app.core.run_settings import PRESETS
from memory_app.models import Checkpoint, Corpus, TrainingRun
from memory_app.services.training.runs import RunError, run_settings
from memory_app.views.dashboard import hyperparameters
from memory_app.views.dashboard.form_errors import weight_of


def _chosen_corpora(data: Any) -> list[tuple[str, float]]:
    rows = {row.name: row for row in Corpus.objects.filter(split="train")}
    chosen = []
    for name in data.getlist("corpus"):
        row = rows.get(name)
        weight = weight_of(data.get(f"weight.{row.pk}", "1")) if row else 1.0
        if weight is None:
            raise RunError("The weight of {name} is not a number.", name=quoted(name))
        chosen.append((name, weight))
    return chosen


def training_of(data: Any) -> dict[str, Any]:
    """A form's training, by the names that `run_launch` and `search_launch` take.

    Raises:
        RunError: a weight that is no number.
    """
    return {
        "preset": data.get("preset", ""),
        "corpora": _chosen_corpora(data),
        "changes": hyperparameters.changes(data),
    }


def start_point(data: Any) -> Checkpoint | None:
    """The checkpoint whose weights a form begins from, if any.

    Raises:
        RunError: there is no such checkpoint.
    """
    wanted = data.get("parent", "")
    if not wanted:
        return None
    try:
        return Checkpoint.objects.get(pk=UUID(wanted))
    except (ValueError, Checkpoint.DoesNotExist):
        raise RunError("The checkpoint to start from doesn’t exist.", field="parent") from None


def clone_of(run: TrainingRun) -> QueryDict:
    """The form filled in so that it starts the same run again, under another name."""
    data = QueryDict(mutable=True)
    weights = {name: float(weight) for name, weight in run.corpora}
    data["preset"] = run.preset
    data["name"] = _("{name}, again").format(name=run.name)[:200]
    if run.parent_id:
        data["parent"] = str(run.parent_id)
    data.setlist("corpus", list(weights))
    for row in Corpus.objects.filter(split="train", name__in=weights):
        data[f"weight.{row.pk}"] = f"{weights[row.name]:g}"
    # The settings of a launch without input: only differences are filled in.
    try:
        base = run_settings(
            preset=run.preset, corpora=list(weights.items()), parent=run.parent
        ).to_dict()
    except RunError:
        base = PRESETS[run.preset].to_dict() if run.preset in PRESETS else {}
    for key in hyperparameters.declared():
        if key in run.settings and run.settings[key] != base.get(key):
            data[f"set.{key}"] = str(run.settings[key])
    return data


def form_parts(data: Any, errors: Container[str] = ()) -> dict[str, Any]:
    """The common context of the forms of a run and of a search, filled in with the input."""
    preset = data.get("preset", "tiny")
    chosen = data.getlist("corpus") if data else []
    corpora = list(Corpus.objects.filter(split="train").order_by("name"))
    return {
        "presets": hyperparameters.presets(),
        "preset": preset if preset in PRESETS else "tiny",
        "preset_settings": hyperparameters.preset_values(),
        "groups": hyperparameters.groups(hyperparameters.changes(data), preset, errors),
        "corpora": [
            {
                "row": row,
                "chosen": row.name in chosen,
                "field": f"weight.{row.pk}",
                "weight": data.get(f"weight.{row.pk}", "1") or "1",
            }
            for row in corpora
        ],
        "missing": ", ".join(sorted(set(chosen) - {row.name for row in corpora})),
        "checkpoints": Checkpoint.objects.order_by("-sequence"),
        "parent": data.get("parent", ""),
        "name": data.get("name", ""),
    }
