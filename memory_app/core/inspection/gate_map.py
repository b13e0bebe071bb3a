"""One gate of one layer as a picture needs it: every value in two bytes, figures a unit beside it.

float32 in [T, layers, hidden] is what a program wants; a page that shows one gate of one layer
wants 1/12 of a trace, unit by unit, and the figures that it sorts by.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.inspection.trace import LayerTrace

MAP_FORMAT_VERSION = "1"
STEPS = 65_535  # the largest of 16 bits
#: What a value lies between; a cell has no bounds, so its map takes its own.
BOUNDS = {"i": (0.0, 1.0), "f": (0.0, 1.0), "o": (0.0, 1.0), "g": (-1.0, 1.0), "h": (-1.0, 1.0)}
SMALLEST_CELL_RANGE = 0.1  # a blank cell's map is blank, not noise made large
#: Where a value counts as saturated: near the ends of its bounds.
LOW_END, HIGH_END, SIGNED_END = 0.1, 0.9, 0.9


@dataclass(frozen=True, slots=True)
class GateMap:
    """`steps` uint16 [hidden, T]: value = low + step / 65535 · (high - low); mean, variance
    float32 [hidden], over the tokens."""

    steps: Tensor
    low: float
    high: float
    mean: Tensor
    variance: Tensor

    def to_safetensors(self, figures: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
        """The map and the layer's `unit_figures` in one file."""
        return save_safetensors(
            {"steps": self.steps, "mean": self.mean, "variance": self.variance, **figures},
            {
                "format_version": MAP_FORMAT_VERSION,
                "low": repr(self.low),
                "high": repr(self.high),
                **metadata,
            },
        )


@torch.inference_mode()
def gate_map(layer: LayerTrace, gate: str) -> GateMap:
    """The map of i, f, g, o, c or h; no value is off by more than half a step of 1/65535.

    variance = mean of squares - square of the mean, over the T tokens (no correction by T - 1).
    """
    values = layer[gate]  # [T, hidden]
    if gate in BOUNDS:
        low, high = BOUNDS[gate]
    else:
        high = max(float(values.abs().max()), SMALLEST_CELL_RANGE)
        low = -high
    steps = values.t().sub(low).mul_(STEPS / (high - low)).round_().clamp_(0, STEPS)
    variance, mean = torch.var_mean(values, dim=0, correction=0)
    return GateMap(steps.to(torch.uint16).contiguous(), low, high, mean, variance)


@torch.inference_mode()
def unit_figures(layer: LayerTrace) -> dict[str, Tensor]:
    """What each unit of a layer did in the turn, float32 [hidden] unless said.

    c_before, c_after: its cell before the first and after the last token. mean_i, mean_f: over
    the tokens. timescale = -1 / ln(mean f), in tokens: after so many of them a cell that is not
    written to has fallen to 1/e (infinite where f is 1 throughout). moved_at int32: the token at
    which the cell moved most.
    """
    steps = torch.diff(layer.c, dim=0, prepend=layer.c0.unsqueeze(0)).abs_()  # [T, hidden]
    mean_f = layer.f.mean(dim=0)
    return {
        "c_before": layer.c0.contiguous(),
        "c_after": layer.c[-1].clone(),
        "mean_i": layer.i.mean(dim=0),
        "mean_f": mean_f,
        "timescale": 1.0 / mean_f.clamp(min=torch.finfo(torch.float32).tiny).log().abs(),
        "moved_at": steps.argmax(dim=0).to(torch.int32),
    }


@torch.inference_mode()
def saturation(layer: LayerTrace) -> dict[str, tuple[float, float]]:
    """The shares of i, f, o below 0.1 and above 0.9, and of g, h below -0.9 and above 0.9.

    Over all tokens and units of a layer. A cell has no end to saturate at.
    """
    shares = {}
    for gate, (low, _) in BOUNDS.items():
        values = layer[gate]
        below, above = (LOW_END, HIGH_END) if low == 0 else (-SIGNED_END, SIGNED_END)
        count = values.numel()
        shares[gate] = (
            int((values < below).sum()) / count,
            int((values > above).sum()) / count,
        )
    return shares
