"""A small parameter search: runs that differ in chosen settings alone, queued together."""

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from memory_app.models import ParameterSearch
from memory_app.services.runs import RunError, run_launch
from memory_app.training.settings import TrainingSettings

METHODS = ("grid", "random")
#: Runs that one search may queue: each takes the worker from minutes to hours.
MOST_RUNS = 64
#: From this ratio on a range is drawn from in its logarithm: 1e-4 … 1e-2 has its middle at 1e-3.
WIDE = 10
Space = Mapping[str, Sequence[Any]]


@transaction.atomic
def search_launch(
    *,
    name: str,
    method: str,
    space: Space,
    preset: str,
    corpora: Sequence[tuple[str, float]],
    changes: Mapping[str, Any] | None = None,
    count: int = 8,
    seed: int = 1,
    by: User | None = None,
) -> ParameterSearch:
    """Queue a run for every combination of a grid, or for `count` points drawn at random.

    At random, two numbers are the ends of a range and anything else is a choice.

    Raises:
        RunError: no such method, preset, corpus or setting, nothing to vary, or too many runs.
    """
    if method not in METHODS:
        raise RunError(f"A search is one of {', '.join(METHODS)}.")
    if not space or not all(space.values()):
        raise RunError("A search needs at least one setting, with the values to try.")
    points = _grid(space) if method == "grid" else _random(space, count, seed)
    if not 1 <= len(points) <= MOST_RUNS:
        raise RunError(f"These are {len(points)} runs; a search has between 1 and {MOST_RUNS}.")
    search = ParameterSearch.objects.create(
        name=name or f"{method} search",
        method=method,
        space={key: list(values) for key, values in space.items()},
        preset=preset,
        settings=dict(changes or {}),
        corpora=[[corpus, weight] for corpus, weight in corpora],
        created_by=by,
    )
    for number, point in enumerate(points, start=1):
        run_launch(
            preset=preset,
            corpora=corpora,
            changes={**(changes or {}), **point},
            name=f"{search.name} {number}",
            by=by,
            search=search,
        )
    return search


def _grid(space: Space) -> list[dict[str, Any]]:
    if math.prod(len(values) for values in space.values()) > MOST_RUNS:
        raise RunError(f"A grid of so many values has more than {MOST_RUNS} runs.")
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def _random(space: Space, count: int, seed: int) -> list[dict[str, Any]]:
    if not 1 <= count <= MOST_RUNS:
        raise RunError(f"A search has between 1 and {MOST_RUNS} runs.")
    rng = random.Random(seed)
    defaults = TrainingSettings().to_dict()
    return [
        {key: _draw(rng, values, defaults.get(key)) for key, values in space.items()}
        for _ in range(count)
    ]


def _draw(rng: random.Random, values: Sequence[Any], default: Any) -> Any:
    ends = [_number(value) for value in values]
    if len(ends) != 2 or None in ends or isinstance(default, str):
        return rng.choice(list(values))
    low, high = sorted(end for end in ends if end is not None)
    wide = low > 0 and high / low >= WIDE
    drawn = math.exp(rng.uniform(math.log(low), math.log(high))) if wide else rng.uniform(low, high)
    return round(drawn) if isinstance(default, int) else float(f"{drawn:.4g}")


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
