"""Forget gates that begin at many timescales: some units lose what they hold at once, some late."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.model.model import LanguageModel

#: The shape of the inverse gamma distribution, its scale 1: words of a text depend on each other
#: over d words about as often as d^-0.56 (Mahto, Vo, Turek and Huth 2021, "Multi-timescale
#: Representation Learning in LSTM Language Models").
ALPHA = 0.56
#: In tokens; a unit of less forgets within a token anyway, one of more never does.
SHORTEST, LONGEST = 0.2, 1000.0


def draw_timescales(units: int, generator: torch.Generator) -> Tensor:
    """Timescales T [units] in tokens: 1/T is gamma distributed. Drawn by inverting its CDF."""
    # Gamma draws take no generator in torch: of a table of the CDF the place of uniform ones.
    grid = torch.logspace(-8, 3, 20_000, dtype=torch.float64)
    below = torch.special.gammainc(torch.tensor(ALPHA, dtype=torch.float64), grid)
    uniform = torch.rand(units, generator=generator, dtype=torch.float64)
    place = torch.searchsorted(below, uniform).clamp(max=len(grid) - 1)
    return (1 / grid[place]).clamp(SHORTEST, LONGEST).float()


def forget_biases(timescales: Tensor) -> Tensor:
    """The bias b with σ(b) = exp(−1/T): b = −ln(exp(1/T) − 1)."""
    return -torch.log(torch.expm1(1 / timescales))


@torch.no_grad()
def spread_timescales(model: LanguageModel, seed: int) -> None:
    """Set the biases of forget gates to drawn timescales, of input gates to their opposite.

    A unit that keeps long takes in little at a step, as in the chrono initialisation of Tallec and
    Ollivier 2018. An initial value: training may move it.
    """
    hidden = model.config.hidden_size
    generator = torch.Generator().manual_seed(seed)
    for layer in range(model.config.num_layers):
        _, _, bias_ih, bias_hh = model.layers.gate_weights(layer)
        forget = forget_biases(draw_timescales(hidden, generator)).to(bias_ih.device)
        bias_hh[: 2 * hidden] = 0
        bias_ih[:hidden] = -forget
        bias_ih[hidden : 2 * hidden] = forget
