"""A hand on the memory: values of a state set, scaled or clamped, and states blended.

An entry names its place by part, layer and unit: null for the part in the whole layer, a number for
a unit (of a matrix part: all of a head), a list for a place within a matrix ([head, i, j]).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from memory_app.core.messages import SentenceError
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State

#: Entries of one change.
MOST_ENTRIES = 4_096
#: The largest value that a change may write into a part, unless its cell bounds it.
MOST_VALUE = 1e6
#: What an edit can do with the values at its places, and the least operand of each.
OPERATIONS: dict[str, float] = {"set": -math.inf, "scale": -math.inf, "clamp": 0.0}

#: [part, layer, unit] of one entry.
Place = tuple[str, int, tuple[int, ...] | None]


class StateEditError(SentenceError):
    """A change that can't be applied to a state of this shape; one sentence for a person."""


def parse_edit(change: Mapping[str, Any], config: ModelConfig) -> dict[str, Any]:
    """The parameters of an edit, checked: {operation: [[part, layer, unit, number] …]}.

    `change` has exactly one of `OPERATIONS`.

    Raises:
        StateEditError: another operation, a place that the state lacks, or a number out of range.
    """
    if len(change) != 1 or next(iter(change)) not in OPERATIONS:
        raise StateEditError("A change must have exactly one of set, scale and clamp.")
    operation, entries = next(iter(change.items()))
    rows = []
    for entry in _entries(entries, 4):
        part, layer, unit = _place(entry[:3], config)
        number = _number(entry[3])
        if number < OPERATIONS[operation]:
            raise StateEditError("A value can't be clamped to a negative limit.")
        rows.append([part, layer, _json_unit(entry[2], unit), number])
    return {operation: rows}


def parse_places(what: object, config: ModelConfig) -> list[list[Any]]:
    """The places that a transplant takes: [[part, layer, unit or null] …], checked.

    Raises:
        StateEditError: as `parse_edit`.
    """
    rows = []
    for entry in _entries(what, 3):
        part, layer, unit = _place(entry, config)
        rows.append([part, layer, _json_unit(entry[2], unit)])
    return rows


def parse_weight(weight: object) -> float:
    """The donor's share of a blend, 0 to 1.

    Raises:
        StateEditError: another number, or none.
    """
    number = _number(weight)
    if not 0 <= number <= 1:
        raise StateEditError("The weight must be a number from 0 to 1.")
    return number


def edited(state: State, change: Mapping[str, Any], config: ModelConfig) -> State:
    """The state (batch 1) with an edit applied, entry after entry; the given state is unchanged.

    `change` is as `parse_edit` returns it. set: v' = number; scale: v' = number · v; clamp: v' = v
    within ±number.

    Raises:
        StateEditError: as `parse_edit`, or a value grows beyond its part's limit.
    """
    operation, entries = next(iter(parse_edit(change, config).items()))
    after = state.clone()
    for part, layer, unit, number in entries:
        values = _values(after, (part, layer, _indices(unit)))
        if operation == "set":
            values.fill_(number)
        elif operation == "scale":
            values.mul_(number)
        else:
            values.clamp_(-number, number)
    check_values(after, config)
    return after


def blended(
    state: State, other: State, what: Sequence[Sequence[Any]], weight: float, config: ModelConfig
) -> State:
    """The state (batch 1) with `what` of another in it: v' = weight · other + (1 - weight) · v.

    With weight 1 these are the other's values to the bit, with 0 the state's own.

    Raises:
        StateEditError: as `parse_places` and `parse_weight`, or a value exceeds its part's limit.
    """
    weight = parse_weight(weight)
    after = state.clone()
    for part, layer, unit in parse_places(what, config):
        place = (part, layer, _indices(unit))
        own, given = _values(after, place), _values(other, place)
        # From the given state, so that a place that is named twice is blended once.
        own.copy_(weight * given + (1.0 - weight) * _values(state, place))
    check_values(after, config)
    return after


def check_values(state: State, config: ModelConfig) -> None:
    """Check that all values are finite and within their part's limit.

    Raises:
        StateEditError: one isn't.
    """
    limits = config.kind.part_limits
    for layer in state.layers:
        for part, values in layer.items():
            limit = limits.get(part, MOST_VALUE)
            # Not `>`, which is false for NaN.
            if not bool((values.abs() <= limit).all()):
                raise StateEditError(
                    "A value of {part} may be at most {most} in size.", part=part, most=f"{limit:g}"
                )


def _entries(entries: object, width: int) -> list[list[Any]]:
    if not isinstance(entries, list) or not entries:
        raise StateEditError("A change must name at least one place in the memory.")
    if len(entries) > MOST_ENTRIES:
        raise StateEditError("A change may have at most {most} entries.", most=f"{MOST_ENTRIES:,}")
    if not all(isinstance(entry, list) and len(entry) == width for entry in entries):
        raise StateEditError("Each entry of a change must have {count} values.", count=width)
    return entries


def _place(entry: Sequence[Any], config: ModelConfig) -> Place:
    part, layer, unit = entry
    layers = config.layer_parts
    if type(layer) is not int or not 0 <= layer < len(layers):
        raise StateEditError("The model has layers from 0 to {last}.", last=len(layers) - 1)
    if not isinstance(part, str) or part not in layers[layer]:
        raise StateEditError(
            "Layer {layer} has the parts {parts}.", layer=layer, parts=", ".join(layers[layer])
        )
    shape = layers[layer][part]
    if unit is None:
        return part, layer, None
    indices = unit if isinstance(unit, list) else [unit]
    fits = 1 <= len(indices) <= len(shape) and all(
        type(index) is int and 0 <= index < length
        for index, length in zip(indices, shape, strict=False)
    )
    if not fits:
        raise StateEditError(
            "{part} of layer {layer} has the shape {shape}: this unit is outside of it.",
            part=part,
            layer=layer,
            shape=list(shape),
        )
    return part, layer, tuple(indices)


def _json_unit(unit: Any, indices: tuple[int, ...] | None) -> Any:
    """The unit as it was written."""
    return unit if indices is None or not isinstance(unit, list) else list(indices)


def _indices(unit: Any) -> tuple[int, ...] | None:
    if unit is None:
        return None
    return tuple(unit) if isinstance(unit, list) else (unit,)


def _number(value: object) -> float:
    # type(): True is an int to Python. int: a number of any length would overflow in float().
    if type(value) not in (int, float) or not abs(value) <= MOST_VALUE:  # type: ignore[arg-type]
        raise StateEditError(
            "Each value must be a number of at most {most} in size.", most=f"{MOST_VALUE:g}"
        )
    return float(value)  # type: ignore[arg-type]


def _values(state: State, place: Place) -> Tensor:
    """The values at a place (a view)."""
    part, layer, unit = place
    values = state.layers[layer][part][0]
    # A view also of a single value, which indexing by numbers alone gives.
    return values if unit is None else values[unit]
