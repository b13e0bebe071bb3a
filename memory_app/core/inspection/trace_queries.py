"""What is asked of a turn's trace, whichever way it is computed: at once, or in chunks if long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from safetensors.torch import save as save_safetensors

from memory_app.core.cells.hold import Hold
from memory_app.core.inspection.gate_map import (
    gate_map,
    layer_moves,
    saturation,
    unit_figures,
)
from memory_app.core.inspection.long_map import (
    long_file,
    long_map,
    long_means,
    long_unit,
    unit_gates,
)
from memory_app.core.inspection.long_trace import LONG, LongTrace
from memory_app.core.inspection.moves import SLOW
from memory_app.core.inspection.trace import TRACE_FORMAT_VERSION, LayeredTrace
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

AnyTrace = LayeredTrace | LongTrace


def trace_of(
    model: LanguageModel, state: State, ids: Sequence[Any], hold: Hold | None = None
) -> AnyTrace:
    """The trace of `ids`, or frames, fed from `state`, with gates held; nothing is computed yet."""
    if len(ids) > LONG:
        return LongTrace(model, state, ids, hold)
    return LayeredTrace(model, state, ids, hold)


def begin(trace: AnyTrace) -> None:
    """Compute what the first question needs first."""
    layer = trace.num_layers - 1  # the last: the gate view opens on it
    if isinstance(trace, LongTrace):
        trace.start(layer)
    else:
        trace.layer(layer)


def map_file(trace: AnyTrace, layer: int, gate: str, metadata: dict[str, str]) -> bytes:
    """One gate of one layer as map.safetensors."""
    if isinstance(trace, LongTrace):
        found, figures, shares, moves = long_map(trace, layer, gate)
    else:
        seen = trace.layer(layer)
        with trace.place:
            found, figures, shares = gate_map(seen, gate), unit_figures(seen), saturation(seen)
            moves = layer_moves(seen, figures.get("timescale"))
    slow = {"slow_units": str(moves.slow_units), "slow_from": repr(SLOW)}
    return found.to_safetensors(
        figures | moves.tensors, {**metadata, **slow, "saturation": json.dumps(shares)}
    )


def gate_means(trace: AnyTrace) -> list[Any]:
    """For each token, for each layer, the means of the cell's strip gates over the units."""
    return long_means(trace) if isinstance(trace, LongTrace) else trace.gate_means()


def unit_values(trace: AnyTrace, layer: int, unit: int) -> dict[str, list[float]]:
    """Every gate that has a value of its own for this unit, over the tokens."""
    if isinstance(trace, LongTrace):
        return long_unit(trace, layer, unit)
    seen = trace.layer(layer)
    return {gate: seen[gate][:, unit].tolist() for gate in unit_gates(trace.model.config, layer)}


def matrix_file(trace: AnyTrace, layer: int, token: int, metadata: dict[str, str]) -> bytes:
    """The matrices of a layer after a token, and which tokens it read, as matrix.safetensors.

    Only of a layer with a matrix memory above another layer.
    """
    model = trace.model
    x = trace.outputs(layer - 1)[: token + 1]
    with torch.inference_mode():
        tensors = model.cell.matrix_at(model.layers, layer, x, trace.state.layers[layer])
    return save_safetensors(tensors, {"format_version": TRACE_FORMAT_VERSION, **metadata})


def trace_file(trace: AnyTrace, metadata: dict[str, str]) -> bytes | tuple[int, Iterator[bytes]]:
    """trace.safetensors; of a long trace its length and its pieces."""
    if isinstance(trace, LongTrace):
        return long_file(trace, metadata)
    return trace.whole().to_safetensors(metadata)
