"""Gates held by hand while a turn is fed and spoken; free of torch.

An entry freezes a gate of a layer, for one unit or all, at a value. `forget_bias` is added to the
pre-activation of every forget gate that isn't frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memory_app.core.cells.base import Cell, Sizes
from memory_app.core.messages import SentenceError

#: Entries of one hold; the largest |forget_bias|; the largest value of a gate without a bound.
MOST_ENTRIES, MOST_BIAS, MOST_VALUE = 4_096, 20.0, 1e6


class HoldError(SentenceError):
    """Gates that can't be held so; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The gates that are held: `freeze` (gate, layer, unit or None, value), the latest counts."""

    freeze: tuple[tuple[str, int, int | None, float], ...] = ()
    forget_bias: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types: what a message has, and a row keeps."""
        return {
            "freeze": [list(entry) for entry in self.freeze],
            "forget_bias": self.forget_bias,
        }


def parse_hold(value: object, cell: Cell, sizes: Sizes) -> Hold | None:
    """A hold of a model with this cell and these sizes; None where nothing is held.

    Raises:
        HoldError: gates that the cell can't hold, a unit or a layer that it lacks, or a value
            beyond the gate's bounds.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value.keys() <= {"freeze", "forget_bias"}:
        raise HoldError("A hold has freeze, a list, and forget_bias, a number.")
    freeze = value.get("freeze", [])
    if not isinstance(freeze, list):
        raise HoldError("A hold has freeze, a list, and forget_bias, a number.")
    if len(freeze) > MOST_ENTRIES:
        raise HoldError("A hold may have at most {most} entries.", most=f"{MOST_ENTRIES:,}")
    bias = _number(value.get("forget_bias", 0.0), -MOST_BIAS, MOST_BIAS)
    if (freeze or bias) and not any(cell.held_gates(sizes, n) for n in range(sizes.num_layers)):
        raise HoldError("The gates of {cell} can't be held.", cell=cell.name)
    hold = Hold(tuple(_entry(entry, cell, sizes) for entry in freeze), bias)
    return hold if hold.freeze or hold.forget_bias else None


def _entry(entry: object, cell: Cell, sizes: Sizes) -> tuple[str, int, int | None, float]:
    if not isinstance(entry, list) or len(entry) != 4:
        raise HoldError("Each held gate has the values gate, layer, unit and value.")
    name, layer, unit, value = entry
    if type(layer) is not int or not 0 <= layer < sizes.num_layers:
        raise HoldError("The model has layers from 0 to {last}.", last=sizes.num_layers - 1)
    gates = {gate.name: gate for gate in cell.layer_gates(sizes, layer)}
    held = cell.held_gates(sizes, layer)
    if not isinstance(name, str) or name not in held:
        raise HoldError(
            "In layer {layer} these gates can be held: {names}.",
            layer=layer,
            names=", ".join(held) or "–",
        )
    width = cell.gate_width(sizes, layer, name)
    if unit is not None and (type(unit) is not int or not 0 <= unit < width):
        raise HoldError(
            "Gate {gate} of layer {layer} has the units 0 to {last}.",
            gate=name,
            layer=layer,
            last=width - 1,
        )
    low, high = gates[name].low, gates[name].high
    number = _number(
        value, -MOST_VALUE if low is None else low, MOST_VALUE if high is None else high
    )
    return name, layer, unit, number


def _number(value: object, low: float, high: float) -> float:
    # type(): True is an int to Python. Compared before float(), which a long integer overflows.
    if type(value) not in (int, float) or not low <= value <= high:  # type: ignore[operator]
        raise HoldError(
            "A held value must be a number from {low} to {high}.", low=f"{low:g}", high=f"{high:g}"
        )
    return float(value)  # type: ignore[arg-type]
