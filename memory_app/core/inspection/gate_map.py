"""One gate of one layer as a picture needs it: every value in two bytes, figures a unit beside it.

float32 in [T, layers, hidden] is what a program wants; a page that shows one gate of one layer
wants 1/12 of a trace, unit by unit, and the figures that it sorts by.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.cells import Gate, Memory
from memory_app.core.inspection.moves import Moves, memory_moves
from memory_app.core.inspection.robust_scale import robust_scale
from memory_app.core.inspection.trace import LayerTrace

MAP_FORMAT_VERSION = "2"
STEPS = 65_535  # the largest of 16 bits
#: Of a quantity without bounds: a blank memory's map is blank, not noise made large.
SMALLEST_RANGE = 0.1
#: Where a value counts as saturated: near the ends of its bounds.
LOW_END, HIGH_END, SIGNED_END = 0.1, 0.9, 0.9


@dataclass(frozen=True, slots=True)
class GateMap:
    """`steps` uint16 [hidden, T]: value = low + step / 65535 · (high - low); mean, variance
    float32 [hidden], over the tokens; `scale`: the |value| at which the colours end."""

    steps: Tensor
    low: float
    high: float
    mean: Tensor
    variance: Tensor
    scale: float

    def to_safetensors(self, figures: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
        """The map and the layer's `unit_figures` in one file."""
        return save_safetensors(
            {"steps": self.steps, "mean": self.mean, "variance": self.variance, **figures},
            {
                "format_version": MAP_FORMAT_VERSION,
                "low": repr(self.low),
                "high": repr(self.high),
                "scale": repr(self.scale),
                **metadata,
            },
        )


@torch.inference_mode()
def gate_map(layer: LayerTrace, gate: str) -> GateMap:
    """The map of one gate; no value is off by more than half a step of 1/65535.

    variance = mean of squares - square of the mean, over the T tokens (no correction by T - 1).
    """
    values = layer[gate]  # [T, units]
    kind = layer.kinds[gate]
    low, high = bounds_of(kind, values)
    variance, mean = torch.var_mean(values, dim=0, correction=0)
    steps = to_steps(values.t(), low, high).contiguous()
    return GateMap(steps, low, high, mean, variance, scale_of(kind, steps, low, high))


def bounds_of(gate: Gate, values: Tensor) -> tuple[float, float]:
    """(low, high) of a gate; without bounds those around 0, or from 0 up, that hold every value."""
    if gate.bounds is not None:
        return gate.bounds
    high = max(float(values.abs().max()), SMALLEST_RANGE)
    return (-high if gate.low is None else 0.0), high


def scale_of(gate: Gate, steps: Tensor, low: float, high: float) -> float:
    """The |value| at which a map's colours end: a bound, or else `robust_scale`."""
    return high if gate.bounds else max(robust_scale(steps, low, high), SMALLEST_RANGE)


def to_steps(values: Tensor, low: float, high: float) -> Tensor:
    """Values as uint16 steps from low to high."""
    scaled = values.sub(low).mul_(STEPS / (high - low)).round_().clamp_(0, STEPS)
    return scaled.to(torch.uint16)


@torch.inference_mode()
def unit_figures(layer: LayerTrace) -> dict[str, Tensor]:
    """What each unit of a layer did in the turn, float32 [units] unless said.

    With an LSTM's names: c_before, c_after: the cell before the first and after the last token.
    mean_i, mean_f: over the tokens. timescale = -1 / ln(mean f), in tokens: after that many a cell
    that is not written to has fallen to 1/e (infinite where f is 1 throughout). moved_at int32: the
    token at which the cell moved most. Another cell has its own memory, write and keep gate in
    their place, and no figure of a gate that it lacks.
    """
    config, memory = layer.config, layer.config.memory_of(layer.number)
    values = layer[memory.gate]
    first = config.kind.memory_values(config, layer.number, layer.before)
    moves = torch.diff(values, dim=0, prepend=first.unsqueeze(0)).abs_()  # [T, units]
    means = {gate: layer[gate].mean(dim=0) for gate in (memory.write, memory.keep) if gate}
    return figures_of(memory, first.contiguous(), values[-1].clone(), means, moves.argmax(dim=0))


@torch.inference_mode()
def layer_moves(layer: LayerTrace, timescale: Tensor | None) -> Moves:
    """How far the layer's memory moved at each token; `timescale` from its `unit_figures`."""
    config = layer.config
    memory = config.kind.memory_entries(config, layer.number, layer.before).float()
    moved, _ = config.kind.memory_moves(config, layer.number, layer.gates, memory)
    return memory_moves(moved, timescale)


def figures_of(
    memory: Memory, before: Tensor, after: Tensor, means: dict[str, Tensor], moved_at: Tensor
) -> dict[str, Tensor]:
    """The figures by their names: the memory before and after, gates' means, when it moved."""
    figures = {f"{memory.gate}_before": before, f"{memory.gate}_after": after}
    figures |= {f"mean_{gate}": mean for gate, mean in means.items()}
    if memory.keep is not None:
        kept = means[memory.keep].clamp(min=torch.finfo(torch.float32).tiny)
        figures["timescale"] = 1.0 / kept.log().abs()
    return figures | {"moved_at": moved_at.to(torch.int32)}


def ends_of(gate: Gate) -> tuple[float, float]:
    """Below the first and above the second a gate's value counts as saturated."""
    return (LOW_END, HIGH_END) if gate.low == 0 else (-SIGNED_END, SIGNED_END)


@torch.inference_mode()
def saturation(layer: LayerTrace) -> dict[str, tuple[float, float]]:
    """Of each gate with bounds the shares of its values near the lower and the upper one.

    Below 0.1 and above 0.9 of those from 0 to 1, below -0.9 and above 0.9 of those from -1 to 1,
    over all tokens and units of a layer.
    """
    shares = {}
    for gate in layer.kinds.values():
        if gate.bounds is not None:
            values = layer[gate.name]
            below, above = ends_of(gate)
            count = values.numel()
            shares[gate.name] = (
                int((values < below).sum()) / count,
                int((values > above).sum()) / count,
            )
    return shares
