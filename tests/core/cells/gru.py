"""A cell that the program does not have: the proof that the cell protocol is whole.

A gated recurrent unit (Cho et al. 2014), as torch.nn.GRUCell computes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from memory_app.core import cells
from memory_app.core.cells.base import Cell, Gate, Shape, Sizes
from memory_app.core.cells.layers import Gates, SteppedLayers
from memory_app.core.messages import VERBATIM, Sentence


class GRULayer(nn.Module):
    """r, z = σ(W x + U h), n = tanh(W x + r (U h)); h' = (1 - z) n + z h."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.input = nn.Linear(width, 3 * hidden)
        self.recurrent = nn.Linear(hidden, 3 * hidden)

    def step(self, x: Tensor, parts: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor], Gates]:
        h = parts["h"]
        (xr, xz, xn), (hr, hz, hn) = (
            p.chunk(3, dim=-1) for p in (self.input(x), self.recurrent(h))
        )
        r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
        n = (xn + r * hn).tanh()
        h = (1 - z) * n + z * h
        return h, {"h": h}, {"r": r, "z": z, "n": n, "h": h}


def _text(text: str) -> Sentence:
    """Not to be translated."""
    return Sentence(VERBATIM, {"text": text})


class GRU(Cell):
    name = "gru"
    state_parts = ("h",)
    gates = (
        Gate("r", _text("reset"), _text("how much of h the candidate sees"), 0.0, 1.0, "i"),
        Gate("z", _text("update"), _text("how much of h is kept"), 0.0, 1.0, "f"),
        Gate("n", _text("candidate"), _text("what may be written"), -1.0, 1.0, "g"),
        Gate("h", _text("hidden state"), _text("what is kept and passed on"), -1.0, 1.0),
    )
    strip_gates = ("r", "z")
    memory_gate, keep_gate = "h", "z"

    def parameters(self, sizes: Sizes) -> dict[str, Shape]:
        hidden = sizes.hidden_size
        shapes: dict[str, Shape] = {}
        for layer in range(sizes.num_layers):
            width = hidden if layer else sizes.embedding_dim
            for name, columns in (("input", width), ("recurrent", hidden)):
                shapes[f"layers.{layer}.{name}.weight"] = (3 * hidden, columns)
                shapes[f"layers.{layer}.{name}.bias"] = (3 * hidden,)
        return shapes

    def build(self, sizes: Sizes, dropout: float = 0.0) -> SteppedLayers:
        widths = [sizes.embedding_dim] + [sizes.hidden_size] * (sizes.num_layers - 1)
        return SteppedLayers([GRULayer(width, sizes.hidden_size) for width in widths], dropout)


@contextmanager
def registered() -> Iterator[None]:
    """The cell is known for the while."""
    known: dict[str, Any] = cells._CELLS
    cells.register(GRU())
    try:
        yield
    finally:
        del known["gru"]
