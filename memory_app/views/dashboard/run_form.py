"""What the forms of a run and of a parameter search have in common: shown, and read."""

from typing import Any
from uuid import UUID

from memory_app.models import Checkpoint, Corpus
from memory_app.services.runs import RunError
from memory_app.training.settings import PRESETS
from memory_app.views.dashboard import hyperparameters


def _chosen_corpora(data: Any) -> list[tuple[str, float]]:
    rows = {row.name: row for row in Corpus.objects.filter(split="train")}
    chosen = []
    for name in data.getlist("corpus"):
        row = rows.get(name)
        typed = data.get(f"weight.{row.pk}", "1") if row else "1"
        try:
            chosen.append((name, float(typed or 1)))
        except ValueError:
            raise RunError("The weight of {name} is not a number.", name=repr(name)) from None
    return chosen


def training_of(data: Any) -> dict[str, Any]:
    """What a form says of a training, by the names that `run_launch` and `search_launch` take.

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
        raise RunError("There is no such checkpoint to begin from.") from None


def form_parts(data: Any) -> dict[str, Any]:
    """What the forms of a run and of a search have in common, filled in with what was typed."""
    preset = data.get("preset", "tiny")
    chosen = data.getlist("corpus") if data else []
    corpora = list(Corpus.objects.filter(split="train").order_by("name"))
    return {
        "presets": hyperparameters.PRESET_HELP,
        "preset": preset if preset in PRESETS else "tiny",
        "preset_settings": hyperparameters.presets(),
        "groups": hyperparameters.groups(hyperparameters.changes(data), preset),
        "corpora": [
            {
                "row": row,
                "chosen": row.name in chosen,
                "weight": data.get(f"weight.{row.pk}", "1") or "1",
            }
            for row in corpora
        ],
        "checkpoints": Checkpoint.objects.order_by("-created"),
        "parent": data.get("parent", ""),
        "name": data.get("name", ""),
    }
