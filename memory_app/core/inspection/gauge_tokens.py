"""When a memory changes its answer: the probability of a value after each token of a turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from memory_app.core.inspection.gauge import ROWS, Weighed, product, weigh
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

#: The most places of a turn that are asked; in a longer turn they are evenly spaced.
MOST_PLACES = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value as a reply gave it: the reply's pieces up to its end, and where it starts."""

    reply_ids: Sequence[int]
    start: int


def places(length: int) -> list[int]:
    """The tokens after which a turn is asked: at most `MOST_PLACES`, the last among them."""
    stride = -(-length // MOST_PLACES) if length else 1
    return sorted({*range(stride - 1, length, stride), *([length - 1] if length else [])})


def token_course(
    model: LanguageModel,
    before: State,
    ids: Sequence[int],
    prompt_ids: Sequence[int],
    values: Sequence[Candidate],
    at: Sequence[int] | None = None,
) -> list[list[float]]:
    """Of each value its probability before a turn and after each of its tokens.

    before: the state before the turn (batch 1); ids: the turn's; prompt_ids: the question as it is
    fed. The first number is that of `before`, then one for each token of `at` (rising; all where
    None): the product over the value's pieces after the words before them, in float32, of a copy
    of the state after that token.

    Raises:
        ValueError: as `weigh`.
    """
    found: list[list[float]] = [[] for _ in values]
    rows: list[Weighed] = []
    for state in _states(model, before, ids, range(len(ids)) if at is None else at):
        rows += [Weighed(state, prompt_ids, value.reply_ids) for value in values]
        if len(rows) >= ROWS:
            _take(model, rows, values, found)
            rows = []
    if rows:
        _take(model, rows, values, found)
    return found


def _take(
    model: LanguageModel,
    rows: Sequence[Weighed],
    values: Sequence[Candidate],
    found: list[list[float]],
) -> None:
    for number, own in enumerate(weigh(model, rows)):
        place = number % len(values)
        found[place].append(product(own[values[place].start :]))


@torch.inference_mode()
def _states(
    model: LanguageModel, state: State, ids: Sequence[int], at: Sequence[int]
) -> Iterator[State]:
    """The state before the turn and after each of these tokens, one after another."""
    yield state
    fed = 0
    for place in at:
        stretch = torch.tensor([list(ids[fed : place + 1])], dtype=torch.int64)
        _, state = model.hidden(stretch, state)
        fed = place + 1
        yield state
