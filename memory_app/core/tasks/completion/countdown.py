"""The count in the state: how many letters of the line are left, read linearly from h.

A ridge regression from the last layer's h to the letters left after each id. That it reads the
count shows that the state carries it; it is fitted to texts of the training split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from memory_app.core.model.model import LanguageModel
from memory_app.core.tasks.completion.texts import Example
from memory_app.core.text.lines import letters_left
from memory_app.core.text.tokenizer import Tokenizer

#: Texts that are read for it, and of each so many ids.
TEXTS, TOKENS = 300, 512
RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Countdown:
    """letters left ≈ weights · h + bias, h of the last layer.

    `error`: the mean distance from the truth, in letters, on texts that it wasn't fitted to, and
    `guess` that of always saying the mean. `unit`: the unit whose h alone follows the count best,
    with `correlation`.
    """

    weights: list[float]
    bias: float
    error: float
    guess: float
    unit: int
    correlation: float

    def left(self, hidden: Tensor) -> Tensor:
        """What it reads from h [T, units]: [T]."""
        return hidden @ torch.tensor(self.weights) + self.bias

    def to_dict(self) -> dict[str, Any]:
        """As config.json has it."""
        return {
            "weights": [round(weight, 5) for weight in self.weights],
            **{name: round(getattr(self, name), 4) for name in ("bias", "error", "guess")},
            "unit": self.unit,
            "correlation": round(self.correlation, 4),
        }

    @classmethod
    def from_dict(cls, data: Any, units: int) -> Self | None:
        """The inverse; None for what is no countdown of such a model: a config may be anything."""
        if not isinstance(data, Mapping):
            return None
        weights, unit = data.get("weights"), data.get("unit")
        if not isinstance(weights, list) or len(weights) != units:
            return None
        numbers = [data.get(name) for name in ("bias", "error", "guess", "correlation")]
        if not all(map(_is_number, [*weights, *numbers])):
            return None
        if type(unit) is not int or not 0 <= unit < units:
            return None
        bias, error, guess, correlation = map(float, numbers)  # type: ignore[arg-type]
        return cls([float(weight) for weight in weights], bias, error, guess, unit, correlation)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6


def letters_at(tokenizer: Tokenizer, ids: Sequence[int], *, ended: bool = True) -> list[int | None]:
    """After each id of a text the letters left in its line; None inside a character, or a break."""
    stream = tokenizer.stream()
    shown = [stream.push(token_id) for token_id in ids]
    left, at = letters_left("".join(shown) + stream.flush(), ended=ended), 0
    counts: list[int | None] = []
    for text in shown:
        at += len(text)
        counts.append(left[at - 1] if text else None)
    return counts


@torch.inference_mode()
def _states(
    model: LanguageModel, tokenizer: Tokenizer, examples: Sequence[Example]
) -> tuple[Tensor, Tensor]:
    """(h [N, units], letters left [N]) at the ids of texts inside a line."""
    states, counts = [], []
    for example in examples[:TEXTS]:
        ids = example.ids[:TOKENS].tolist()
        hidden, _ = model.hidden(torch.tensor([ids], device=model.embedding.weight.device))
        left = letters_at(tokenizer, ids[example.start :])
        for place, count in enumerate(left, example.start):
            if count is not None:
                states.append(hidden[0, place].float().cpu())
                counts.append(float(count))
    return torch.stack(states), torch.tensor(counts)


def countdown_of(
    model: LanguageModel,
    tokenizer: Tokenizer,
    train: Sequence[Example],
    valid: Sequence[Example],
) -> Countdown | None:
    """The best linear reading of the count; None without lines to learn or to measure it on."""
    if not train or not valid:
        return None
    hidden, counts = _states(model, tokenizer, train)
    tested, truth = _states(model, tokenizer, valid)
    if len(counts) < 2 or not float(counts.std()) or len(truth) < 2:
        return None
    mean, centre = hidden.double().mean(0), float(counts.mean())
    inputs = hidden.double() - mean
    square = inputs.T @ inputs
    ridge = RIDGE * float(square.diagonal().mean()) * torch.eye(len(square), dtype=torch.double)
    weights = torch.linalg.solve(square + ridge, inputs.T @ (counts.double() - centre))
    bias = centre - float(weights @ mean)
    error = float((tested.double() @ weights + bias - truth).abs().mean())
    own, spread = tested - tested.mean(0), truth - truth.mean()
    scale = own.square().sum(0).sqrt() * spread.square().sum().sqrt() + 1e-9
    correlation = (own * spread[:, None]).sum(0) / scale
    unit = int(correlation.abs().argmax())
    return Countdown(
        weights.tolist(),
        bias,
        error,
        float((truth - centre).abs().mean()),
        unit,
        float(correlation[unit]),
    )
