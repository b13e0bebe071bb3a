"""What a page asks of a very long turn: maps, means, one unit, the whole as a file in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator

import torch
from torch import Tensor

from memory_app.core.inspection.gate_map import (
    BOUNDS,
    HIGH_END,
    LOW_END,
    SIGNED_END,
    SMALLEST_CELL_RANGE,
    STEPS,
    GateMap,
)
from memory_app.core.inspection.long_trace import LongTrace
from memory_app.core.inspection.trace import GATES, TRACE_FORMAT_VERSION

ALL = "".join(GATES)


@torch.inference_mode()
def long_map(
    trace: LongTrace, layer: int, gate: str
) -> tuple[GateMap, dict[str, Tensor], dict[str, tuple[float, float]]]:
    """What `gate_map`, `unit_figures` and `saturation` give of a layer, in one go over its chunks.

    Sums are float64, so the figures are those of the whole to float32's last digits.
    """
    tokens, hidden = len(trace.ids), trace.hidden_size
    kept = torch.empty(hidden, tokens) if gate == "c" else None  # its bounds are known at the end
    steps = torch.empty(hidden, tokens, dtype=torch.uint16)
    total, squares, sum_i, sum_f = (torch.zeros(hidden, dtype=torch.float64) for _ in range(4))
    ends = {name: [0, 0] for name in BOUNDS}
    before = c0 = trace.state.c[layer, 0]
    most, moved_at = torch.full((hidden,), -1.0), torch.zeros(hidden, dtype=torch.int32)
    for start, chunk in trace.chunks(layer, ALL):
        values = chunk[gate]  # [t, hidden]
        stop = start + len(values)
        if kept is not None:
            kept[:, start:stop] = values.t()
        else:
            steps[:, start:stop] = _steps(values.t(), *BOUNDS[gate])
        wide = values.double()
        total += wide.sum(dim=0)
        squares += wide.square_().sum(dim=0)
        sum_i += chunk["i"].sum(dim=0, dtype=torch.float64)
        sum_f += chunk["f"].sum(dim=0, dtype=torch.float64)
        for name, (low, _) in BOUNDS.items():
            below, above = (LOW_END, HIGH_END) if low == 0 else (-SIGNED_END, SIGNED_END)
            ends[name][0] += int((chunk[name] < below).sum())
            ends[name][1] += int((chunk[name] > above).sum())
        moves, at = torch.diff(chunk["c"], dim=0, prepend=before.unsqueeze(0)).abs_().max(dim=0)
        moved_at = torch.where(moves > most, (at + start).to(torch.int32), moved_at)
        most = torch.maximum(most, moves)
        before = chunk["c"][-1].clone()
    low, high = BOUNDS.get(gate, (0.0, 0.0))
    if kept is not None:
        high = max(float(kept.abs().max()), SMALLEST_CELL_RANGE)
        low = -high
        for row in range(hidden):
            steps[row] = _steps(kept[row], low, high)
    mean, mean_f = total / tokens, (sum_f / tokens).float()
    figures = {
        "c_before": c0.clone(),
        "c_after": before,
        "mean_i": (sum_i / tokens).float(),
        "mean_f": mean_f,
        "timescale": 1.0 / mean_f.clamp(min=torch.finfo(torch.float32).tiny).log().abs(),
        "moved_at": moved_at,
    }
    variance = (squares / tokens - mean.square()).clamp_(min=0)
    count = tokens * hidden
    shares = {name: (below / count, above / count) for name, (below, above) in ends.items()}
    return GateMap(steps, low, high, mean.float(), variance.float()), figures, shares


def _steps(values: Tensor, low: float, high: float) -> Tensor:
    scaled = values.sub(low).mul_(STEPS / (high - low)).round_().clamp_(0, STEPS)
    return scaled.to(torch.uint16)


def long_means(trace: LongTrace) -> list[list[list[float]]]:
    """For each token, for each layer, [mean i, mean f, mean o] over the units."""
    layers = []
    for layer in range(trace.num_layers):
        parts = [
            torch.stack([chunk[gate].mean(dim=1) for gate in "ifo"], dim=-1)
            for _, chunk in trace.chunks(layer, "ifo")
        ]
        layers.append(torch.cat(parts))  # [T, 3]
    means = torch.stack(layers, dim=1)
    return [[[round(x, 4) for x in layer] for layer in token] for token in means.tolist()]


def long_unit(trace: LongTrace, layer: int, unit: int) -> dict[str, list[float]]:
    """Every gate of one unit over the tokens."""
    values: dict[str, list[float]] = {gate: [] for gate in GATES}
    for _, chunk in trace.chunks(layer, ALL):
        for gate in GATES:
            values[gate] += chunk[gate][:, unit].tolist()
    return values


def long_file(trace: LongTrace, metadata: dict[str, str]) -> tuple[int, Iterator[bytes]]:
    """trace.safetensors of contract section 4: its length in bytes, and its pieces in order.

    The format is eight bytes with the header's length, a JSON header, and the tensors' bytes.
    """
    tokens, layers, hidden = len(trace.ids), trace.num_layers, trace.hidden_size
    shapes = {name: [tokens, layers, hidden] for name in GATES}
    shapes |= {"h0": [layers, hidden], "c0": [layers, hidden]}
    entries: dict[str, object] = {
        "__metadata__": {"format_version": TRACE_FORMAT_VERSION, **metadata}
    }
    entries["token_ids"] = {"dtype": "I64", "shape": [tokens], "data_offsets": [0, 8 * tokens]}
    end = 8 * tokens
    for name, shape in shapes.items():
        size = 4 * int(torch.Size(shape).numel())
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)

    def pieces() -> Iterator[bytes]:
        yield len(header).to_bytes(8, "little") + header
        yield _bytes(torch.tensor(trace.ids, dtype=torch.int64))
        for gate in GATES:
            # Each layer's chunks of the same tokens side by side. Not `zip(trace.chunks, …)`: each
            # takes its turn at the one place for long traces.
            yield from _side_by_side(trace, gate)
        yield _bytes(trace.state.h[:, 0])
        yield _bytes(trace.state.c[:, 0])

    return 8 + len(header) + end, pieces()


def _side_by_side(trace: LongTrace, gate: str) -> Iterator[bytes]:
    whole = torch.empty(len(trace.ids), trace.num_layers, trace.hidden_size)
    for layer in range(trace.num_layers):
        for start, chunk in trace.chunks(layer, gate):
            whole[start : start + len(chunk[gate]), layer] = chunk[gate]
    for part in whole.split(512):
        yield _bytes(part)


def _bytes(tensor: Tensor) -> bytes:
    array = tensor.detach().contiguous().numpy()
    return array.astype(array.dtype.newbyteorder("<")).tobytes()
