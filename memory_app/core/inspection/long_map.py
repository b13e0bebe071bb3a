"""What a page asks of a very long turn: maps, means, one unit, the whole as a file in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from memory_app.core.inspection.gate_map import (
    GateMap,
    bounds_of,
    ends_of,
    figures_of,
    scale_of,
    to_steps,
)
from memory_app.core.inspection.long_trace import LongTrace
from memory_app.core.inspection.moves import Moves, memory_moves
from memory_app.core.inspection.trace import TRACE_FORMAT_VERSION, mean_gates
from memory_app.core.model.config import ModelConfig


@torch.inference_mode()
def long_map(
    trace: LongTrace, layer: int, gate: str
) -> tuple[GateMap, dict[str, Tensor], dict[str, tuple[float, float]], Moves]:
    """What `gate_map`, `unit_figures`, `saturation` and `layer_moves` give, in one go over chunks.

    Sums are float64, so the figures are those of the whole to float32's last digits.
    """
    config, tokens = trace.model.config, len(trace.ids)
    kinds, kept_in = config.layer_gates(layer), config.memory_of(layer)
    bounds = kinds[gate].bounds
    bounded = [kind for kind in kinds.values() if kind.bounds is not None]
    averaged = [name for name in (kept_in.write, kept_in.keep) if name]
    parts = {name: part[0] for name, part in trace.state.layers[layer].items()}
    before = first = config.kind.memory_values(config, layer, parts)
    most, moved_at = torch.full_like(first, -1.0), torch.zeros(len(first), dtype=torch.int32)
    sums = {name: torch.zeros(len(first), dtype=torch.float64) for name in averaged}
    ends = {kind.name: [0, 0] for kind in bounded}
    units = config.kind.gate_width(config, layer, gate)
    # [units, T]; the values themselves where their bounds are known at the end only.
    kept = torch.empty(units, tokens, dtype=torch.uint16 if bounds else torch.float32)
    at_unit = torch.empty(tokens, len(first))  # how far each unit moved: which are slow comes last
    held = config.kind.memory_entries(config, layer, parts).float()
    total, squares = (
        torch.zeros(units, dtype=torch.float64),
        torch.zeros(units, dtype=torch.float64),
    )
    for start, chunk in trace.chunks(layer, kinds):
        values = chunk[gate]  # [t, units]
        stop = start + len(values)
        kept[:, start:stop] = to_steps(values.t(), *bounds) if bounds else values.t()
        wide = values.double()
        total += wide.sum(dim=0)
        squares += wide.square_().sum(dim=0)
        for name in averaged:
            sums[name] += chunk[name].sum(dim=0, dtype=torch.float64)
        for end in bounded:
            below, above = ends_of(end)
            ends[end.name][0] += int((chunk[end.name] < below).sum())
            ends[end.name][1] += int((chunk[end.name] > above).sum())
        memory = chunk[kept_in.gate]
        moves, at = torch.diff(memory, dim=0, prepend=before.unsqueeze(0)).abs_().max(dim=0)
        moved_at = torch.where(moves > most, (at + start).to(torch.int32), moved_at)
        most = torch.maximum(most, moves)
        before = memory[-1].clone()
        at_unit[start:stop], held = config.kind.memory_moves(config, layer, chunk, held)
    steps = kept
    if bounds is None:
        bounds = bounds_of(kinds[gate], kept)
        steps = torch.empty(units, tokens, dtype=torch.uint16)
        for row in range(units):  # row by row, so that the values stand in memory once
            steps[row] = to_steps(kept[row], *bounds)
    mean = total / tokens
    variance = (squares / tokens - mean.square()).clamp_(min=0)
    means = {name: (summed / tokens).float() for name, summed in sums.items()}
    figures = figures_of(kept_in, first.clone(), before, means, moved_at)
    shares = {}
    for name, (below, above) in ends.items():
        count = tokens * config.kind.gate_width(config, layer, name)
        shares[name] = (below / count, above / count)
    scale = scale_of(kinds[gate], steps, *bounds)
    found = GateMap(steps, *bounds, mean.float(), variance.float(), scale)
    return found, figures, shares, memory_moves(at_unit, figures.get("timescale"))


def long_means(trace: LongTrace) -> list[Any]:
    """For each token, for each layer, the means of the cell's strip gates over the units."""
    names, layers = trace.model.cell.strip_gates, []
    for layer in range(trace.num_layers):
        parts: dict[str, list[Tensor]] = {name: [] for name in names}
        for _, chunk in trace.chunks(layer, names):
            for name in names:
                parts[name].append(chunk[name].mean(dim=1, keepdim=True))
        layers.append({name: torch.cat(means) for name, means in parts.items()})
    return mean_gates(layers, names)


def unit_gates(config: ModelConfig, layer: int) -> list[str]:
    """The gates of a layer with one value for each of its units."""
    units = config.kind.unit_count(config, layer)
    return [
        gate
        for gate in config.layer_gates(layer)
        if config.kind.gate_width(config, layer, gate) == units
    ]


def long_unit(trace: LongTrace, layer: int, unit: int) -> dict[str, list[float]]:
    """Every gate that has a value of its own for this unit, over the tokens."""
    names = unit_gates(trace.model.config, layer)
    values: dict[str, list[float]] = {gate: [] for gate in names}
    for _, chunk in trace.chunks(layer, names):
        for gate in names:
            values[gate] += chunk[gate][:, unit].tolist()
    return values


def long_file(trace: LongTrace, metadata: dict[str, str]) -> tuple[int, Iterator[bytes]]:
    """trace.safetensors of contract section 4: its length in bytes, and its pieces in order.

    The format is eight bytes with the header's length, a JSON header, and the tensors' bytes.
    """
    config, tokens, layers = trace.model.config, len(trace.ids), range(trace.num_layers)
    cell, state = config.kind, trace.state.layers
    # (name, shape, what yields its bytes), in the order of the file.
    files: list[tuple[str, list[int], Callable[[], Iterator[bytes]]]] = []
    if cell.stacked:
        shape = [tokens, len(layers), cell.unit_count(config, 0)]
        files += [
            (gate, shape, partial(_gate_bytes, trace, gate, list(layers)))
            for gate in cell.gate_names
        ]
        for part in cell.state_parts:
            stacked = torch.stack([own[part][0] for own in state])
            files.append((f"{part}0", list(stacked.shape), partial(_tensor_bytes, stacked)))
    else:
        for layer in layers:
            for gate in config.layer_gates(layer):
                shape = [tokens, cell.gate_width(config, layer, gate)]
                files.append((f"{gate}.{layer}", shape, partial(_gate_bytes, trace, gate, [layer])))
            for part, value in state[layer].items():
                shape = list(value.shape[1:])
                files.append((f"{part}0.{layer}", shape, partial(_tensor_bytes, value)))
    entries: dict[str, object] = {
        "__metadata__": {"format_version": TRACE_FORMAT_VERSION, **metadata}
    }
    entries["token_ids"] = {"dtype": "I64", "shape": [tokens], "data_offsets": [0, 8 * tokens]}
    end = 8 * tokens
    for name, shape, _ in files:
        size = 4 * int(torch.Size(shape).numel())
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)

    def pieces() -> Iterator[bytes]:
        yield len(header).to_bytes(8, "little") + header
        yield _bytes(torch.tensor(trace.ids, dtype=torch.int64))
        for _, _, tensor_pieces in files:
            yield from tensor_pieces()

    return 8 + len(header) + end, pieces()


def _gate_bytes(trace: LongTrace, gate: str, layers: Sequence[int]) -> Iterator[bytes]:
    """One gate of some layers side by side, [T, layers, units]."""
    config = trace.model.config
    width = config.kind.gate_width(config, layers[0], gate)
    whole = torch.empty(len(trace.ids), len(layers), width)
    # Layer after layer, not `zip(trace.chunks, …)`: each waits for the one place for long traces.
    for place, layer in enumerate(layers):
        for start, chunk in trace.chunks(layer, (gate,)):
            whole[start : start + len(chunk[gate]), place] = chunk[gate]
    for part in whole.split(512):
        yield _bytes(part)


def _tensor_bytes(tensor: Tensor) -> Iterator[bytes]:
    yield _bytes(tensor)


def _bytes(tensor: Tensor) -> bytes:
    array = tensor.detach().contiguous().numpy()
    return array.astype(array.dtype.newbyteorder("<")).tobytes()
