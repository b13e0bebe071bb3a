"""A search over settings: runs that differ in a few of them, queued together and compared."""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.graphemes import name_of
from memory_app.models import ENDED, ParameterSearch, RunStatus, TrainingMetric, TrainingRun
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_launch import run_launch, run_settings
from memory_app.services.training.runs import run_cancel

METHODS = ("grid", "random")
#: One worker trains one run at a time; a larger search needs another kind of tool.
MOST_RUNS = 64
Space = Mapping[str, Sequence[Any]]
Change = dict[str, Any]


class SearchError(RunError):
    """A search that can't be launched; its message is one sentence for a person."""


@dataclass(slots=True)
class SearchResult:
    """One line of a search's table; a figure is None until the run has it."""

    run: TrainingRun
    #: The searched settings with this run's values.
    settings: dict[str, Any]
    loss: float | None = None
    #: The lowest mean over the sources of any evaluation.
    bits_per_byte: float | None = None
    #: Of the last evaluation, by gap.
    recall: dict[str, float] = field(default_factory=dict)


@transaction.atomic
def search_launch(
    *,
    name: str,
    method: str,
    space: Space,
    preset: str,
    corpora: Sequence[tuple[str, float]],
    changes: Mapping[str, Any] | None = None,
    count: int = 0,
    seed: int = 1,
    by: User | None = None,
) -> ParameterSearch:
    """Queue one run for each point of a grid, or for `count` points drawn at random by `seed`.

    `space` is {setting: [value, …]}. At random, two numbers are the bounds of a range, drawn from
    evenly, or evenly in the logarithm where one bound is ten times the other or more. `changes` are
    the settings that all runs share.

    Raises:
        SearchError: nothing to search, too much, or an unknown method.
        RunError: a run that couldn't be launched; then none is.
    """
    changes = dict(changes or {})
    _check(name, method, space, changes, count)
    points = list(_grid(space) if method == "grid" else _random(space, count, seed))
    if len(points) > MOST_RUNS:
        raise SearchError(
            "That would be {count} runs; the limit is {most}.", count=len(points), most=MOST_RUNS
        )
    # All of them are checked before one is written.
    for point in points:
        run_settings(preset=preset, corpora=corpora, changes={**changes, **point})
    search = ParameterSearch.objects.create(
        name=name_of(name),
        method=method,
        space={key: list(values) for key, values in space.items()},
        preset=preset,
        settings=changes,
        corpora=[[corpus, weight] for corpus, weight in corpora],
        created_by=by,
    )
    for number, point in enumerate(points, start=1):
        run_launch(
            preset=preset,
            corpora=corpora,
            changes={**changes, **point},
            name=f"{name_of(search.name, 190)} {number}",
            by=by,
            search=search,
        )
    return search


def _check(name: str, method: str, space: Space, changes: Change, count: int) -> None:
    if not name_of(name):
        raise SearchError("A search needs a name.", field="name")
    if method not in METHODS:
        raise SearchError(
            "The method must be one of {choices}.", field="method", choices=", ".join(METHODS)
        )
    if not space or not all(space.values()):
        raise SearchError(
            "Choose at least one setting to search, each with at least one value.", field="key.0"
        )
    if any(len(values) > MOST_RUNS for values in space.values()):
        raise SearchError("A setting may have at most {most} values.", most=MOST_RUNS)
    both = sorted(space.keys() & changes.keys())
    if both:
        raise SearchError("{name} can't be both searched and set.", name=both[0])
    if method == "random" and not 1 <= count <= MOST_RUNS:
        raise SearchError(
            "The number of runs must be from 1 to {most}.", field="count", most=MOST_RUNS
        )
    if method == "grid" and math.prod(map(len, space.values())) > MOST_RUNS:
        size = math.prod(map(len, space.values()))
        raise SearchError(
            "That would be {count} runs; the limit is {most}.", count=size, most=MOST_RUNS
        )


def _grid(space: Space) -> Iterator[Change]:
    """Every combination, the last setting changing fastest; repeated values count once."""
    values = [list(dict.fromkeys(space[key])) for key in space]
    for point in itertools.product(*values):
        yield dict(zip(space, point, strict=True))


def _random(space: Space, count: int, seed: int) -> Iterator[Change]:
    """Different points, in an order that the seed decides; fewer if there are fewer."""
    rng = random.Random(seed)
    seen: list[Change] = []
    for _ in range(50 * count):
        point = {key: _draw(rng, key, values) for key, values in space.items()}
        if point not in seen:
            seen.append(point)
            yield point
        if len(seen) == count:
            return


def _draw(rng: random.Random, key: str, values: Sequence[Any]) -> Any:
    ends = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(values) != 2 or len(ends) != 2 or not all(map(math.isfinite, ends)):
        return rng.choice(list(values))
    low, high = sorted(ends)
    if low > 0 and high >= 10 * low:
        drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        drawn = rng.uniform(low, high)
    known = TrainingSettings().declared().get(key)
    if known is not None and known.kind is int:
        return min(max(round(drawn), math.ceil(low)), math.floor(high))
    # Four digits are more than a search can distinguish, and they fit in a table.
    return min(max(float(f"{drawn:.4g}"), low), high)


def search_cancel(*, search: ParameterSearch) -> int:
    """Ask every run of it that has not ended to end; returns how many.

    Waiting runs come first, the last of them before the others, so that none begins meanwhile.
    """
    runs = search.runs.exclude(status__in=ENDED)
    waiting_first = sorted(
        runs, key=lambda run: (run.status != RunStatus.QUEUED, -run.created.timestamp())
    )
    return sum(run_cancel(run=run) for run in waiting_first)


def search_results(search: ParameterSearch) -> list[SearchResult]:
    """The search's table, in the order in which its runs were queued."""
    last_loss = TrainingMetric.objects.filter(run=OuterRef("pk"), name="loss").order_by("-step")
    runs = list(
        search.runs.select_related("checkpoint")
        .annotate(last_loss=Subquery(last_loss.values("value")[:1]))
        .order_by("sequence", "name")
    )
    results = {
        run.pk: SearchResult(
            run, {key: run.settings.get(key) for key in search.space}, run.last_loss
        )
        for run in runs
    }
    bits: dict[Any, dict[int, list[float]]] = {run.pk: {} for run in runs}
    exams = Q(name__startswith="recall/") | Q(name__startswith="bits_per_byte/")
    # In the order of steps, so that the last exam's figures are kept.
    figures = TrainingMetric.objects.filter(exams, run__in=runs).order_by("step")
    for pk, step, name, value in figures.values_list("run", "step", "name", "value"):
        kind, _, rest = name.partition("/")
        if kind == "recall":
            results[pk].recall[rest] = value
        else:
            bits[pk].setdefault(step, []).append(value)
    for pk, steps in bits.items():
        means = [sum(values) / len(values) for values in steps.values()]
        results[pk].bits_per_byte = min(means, default=None)
    return list(results.values())
