"""What a memory would say: the probability of a reply to a question asked of a copy of a state.

The replies themselves are decoded by the engine (core/engine/ask.py), as a chat decodes them. Here
they are weighed in float32: against the state, against the blank state, against any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from memory_app.core.inspection.gauge_value import memory_value, value_text
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

# Rows side by side: enough that a step's cost is its arithmetic.
ROWS = 64


@dataclass(frozen=True, slots=True)
class Weighed:
    """A reply to weigh: its ids (without `<|end|>`), the prompt's, and the state (batch 1)."""

    state: State
    prompt_ids: Sequence[int]
    reply_ids: Sequence[int]


@torch.inference_mode()
def weigh(
    model: LanguageModel, replies: Sequence[Weighed], adapter: Adapter | None = None
) -> list[list[float]]:
    """ln p of each piece of each reply, given the state, the prompt and the pieces before it.

    At temperature 1, before any ban or cut, in float32, summed in no way: a reply's probability is
    exp of its sum. Rows of unequal length stand side by side, shorter ones followed by tokens that
    nothing reads. The states are read, never written. All are spoken with the `adapter`, if any.

    Raises:
        ValueError: a state of another shape, or an id outside the vocabulary.
    """
    order = sorted(range(len(replies)), key=lambda row: _length(replies[row]))
    found: list[list[float]] = [[] for _ in replies]
    for first in range(0, len(order), ROWS):
        rows = order[first : first + ROWS]
        for row, logprobs in zip(
            rows, _weigh([replies[row] for row in rows], model, adapter), strict=True
        ):
            found[row] = logprobs
    return found


def _length(one: Weighed) -> int:
    return len(one.prompt_ids) + len(one.reply_ids)


def _weigh(
    replies: list[Weighed], model: LanguageModel, adapter: Adapter | None
) -> list[list[float]]:
    config = model.config
    width = max(_length(one) for one in replies)
    ids = torch.zeros(len(replies), width, dtype=torch.int64)  # (B, T)
    at = torch.zeros(len(replies), width, dtype=torch.bool)  # the positions before each piece
    for row, one in enumerate(replies):
        if one.state.batch != 1 or not one.state.fits(config):
            raise ValueError("The state has another shape than the checkpoint's.")
        stream = [*one.prompt_ids, *one.reply_ids]
        if min(stream) < 0 or max(stream) >= config.vocab_size:
            raise ValueError("A token id lies outside the checkpoint's vocabulary.")
        ids[row, : len(stream)] = torch.tensor(stream)
        at[row, len(one.prompt_ids) - 1 : len(stream) - 1] = True
    outputs, _ = model.hidden_at(ids, State.cat([one.state for one in replies]), at)
    wanted = torch.tensor([token for one in replies for token in one.reply_ids], dtype=torch.int64)
    logprobs = model.logits(outputs, adapter).log_softmax(dim=-1)  # (n, V)
    flat = iter(logprobs.gather(1, wanted.unsqueeze(1)).squeeze(1).tolist())
    return [[next(flat) for _ in one.reply_ids] for one in replies]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a memory answers to a question, and which part of it the memory gave.

    text: the whole greedy reply; probability: the product over its pieces. value: the words that
    the memory gave ("" where it gave none: the blank memory answers so, too), and its probability
    after the words before it. told: there is a value, and the reply isn't how the model says that
    it doesn't know. start, stop: the value's pieces.
    """

    text: str
    probability: float
    value: str
    value_probability: float
    told: bool
    start: int
    stop: int


def answer(
    tokenizer: Tokenizer,
    reply_ids: Sequence[int],
    own: Sequence[float],
    blank: Sequence[float],
    opening: Sequence[int] = (),
) -> Answer:
    """Read a reply: `own` and `blank` are ln p of its pieces from the state and the blank state.

    `opening`: the pieces with which this model says that it doesn't know (`abstention`).
    """
    pieces = [tokenizer.bytes_of(token) for token in reply_ids]
    span = memory_value(pieces, own, blank)
    abstains = bool(opening) and tuple(reply_ids[: len(opening)]) == tuple(opening)
    told = span is not None and not abstains
    start, stop = span if span is not None and told else (0, 0)
    return Answer(
        text=tokenizer.decode(list(reply_ids)),
        probability=product(own),
        value=value_text(pieces[start:stop]),
        value_probability=product(own[start:stop]) if told else 0.0,
        told=told,
        start=start,
        stop=stop,
    )


def product(logprobs: Sequence[float]) -> float:
    """The product of the probabilities whose natural logarithms are given."""
    return math.exp(math.fsum(logprobs))
