"""Where a token of a reply came from: bookkeeping over the earlier tokens of all turns.

The logit of the token, less the mean of all logits (softmax doesn't see what they share), is linear
in the last layer's outputs: direct logit attribution (Elhage et al. 2021; nostalgebraist 2020).
Their memory is a sum of what each earlier token wrote (`ledger`), so with the gates of the token
that reads held fixed each earlier token has its part of the logit:

- lstm: Σ_u w_u o_u (tanh(c_u) / c_u) · (Π_{k>s} f_{k,u}) i_{s,u} g_{s,u}, w the direction of the
  logit in h. The quotient is tanh's secant through 0, so that the parts sum to the logit exactly.
- matrix memory: Σ_heads (Π f) i_s (k_s·q) / max(|n·q|, 1) · (v_s · w): the read-out a_{t,s} v_s,
  carried through output gate and output map, with query and normaliser held fixed.

Limits: only the direct path is counted. What a token did to the gates, to lower layers or to the
feed-forward part of a block is in no part of it. So this is bookkeeping, not effect: see
`counterfactual`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.cells.ledger import Reading, Writes, decayed
from memory_app.core.inspection.trace_queries import AnyTrace
from memory_app.core.inspection.turn_writes import Change, TurnWrites, gate_pieces
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

#: An earlier turn: what its tokens wrote, or, where it has none (an edit), its change by layer.
Earlier = TurnWrites | dict[int, Change]


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts of a token's logit, in nats.

    turns: of each turn, the token's own last, one number a token (of a turn without tokens one
    number), float64. start: the part of the state before the first turn. residual: the largest
    part that the numbers fail to account for, as a share of Σ |part|.
    """

    turns: list[Tensor]
    start: float
    residual: float

    @property
    def whole(self) -> float:
        """Σ |part|."""
        return float(sum(part.abs().sum() for part in self.turns)) + abs(self.start)

    def shares(self) -> list[list[float]]:
        """|part| / Σ |part|, in the shape of `turns`; zeros where every part is zero."""
        whole = self.whole
        return [((part.abs() / whole) if whole else part * 0).tolist() for part in self.turns]


def read_layers(model: LanguageModel) -> list[int]:
    """The layers whose memory a logit reads directly, from the cell's own account of it."""
    config = model.config
    direction = torch.ones(config.output_size, dtype=torch.float64)
    layers = []
    blank = State.zeros(config)
    for layer in range(config.num_layers):
        gates = {
            name: torch.zeros(config.kind.gate_width(config, layer, name))
            for name in config.kind.read_gates
            if name in config.layer_gates(layer)
        }
        after = {name: part[0] for name, part in blank.layers[layer].items()}
        if config.kind.reading(model.layers, config, layer, gates, after, direction) is not None:
            layers.append(layer)
    return layers


def logit_direction(model: LanguageModel, token_id: int) -> Tensor:
    """The gradient of a token's logit, less the mean of all logits, by the last layer's outputs.

    float64 [output_size]; constant, since the head is linear.
    """
    head = model.head.weight.detach()
    direction = head[token_id].double() - head.mean(dim=0, dtype=torch.float64)
    if model.config.has_projection:
        direction = model.projection.weight.detach().double().T @ direction
    return direction


@torch.inference_mode()
def sources(earlier: Sequence[Earlier], start: State, trace: AnyTrace, position: int) -> Sources:
    """The parts of the logit of the token at `position` (from 1) of a traced turn.

    earlier: the turns before it, in order, with the layers of `read_layers`; start: the state
    before the first of them (batch 1).

    Raises:
        IndexError: there is no such token, or nothing was fed before it in its turn.
    """
    if not 1 <= position < len(trace.ids):
        raise IndexError(f"There is no token {position} with one before it.")
    model = trace.model
    config = model.config
    direction = logit_direction(model, trace.ids[position])
    parts = [_blank(turn) for turn in earlier]
    own = torch.zeros(position, dtype=torch.float64)
    begin, missing = 0.0, 0.0
    for layer in read_layers(model):
        pieces, reading, value = _read(trace, layer, position, direction)
        decay = torch.ones_like(pieces[0].kept)
        decay = _book(own, pieces, reading, decay)
        for part, turn in zip(reversed(parts), reversed(earlier), strict=True):
            if isinstance(turn, TurnWrites):
                decay = _book(part, turn.layers[layer], reading, decay)
            else:
                change = turn[layer]
                part += reading.of(decayed(change.written, decay))
                decay = decay * change.kept
        first = {name: part[0] for name, part in start.layers[layer].items()}
        entries = config.kind.memory_entries(config, layer, first)
        begin += reading.of(decayed(entries, decay))
        missing += value
    found = [*parts, own]
    missing -= begin + float(sum(part.sum() for part in found))
    whole = float(sum(part.abs().sum() for part in found)) + abs(begin)
    return Sources(found, begin, abs(missing) / whole if whole else 0.0)


def _blank(turn: Earlier) -> Tensor:
    count = 1
    if isinstance(turn, TurnWrites):
        count = sum(piece.tokens for piece in next(iter(turn.layers.values())))
    return torch.zeros(count, dtype=torch.float64)


def _read(
    trace: AnyTrace, layer: int, position: int, direction: Tensor
) -> tuple[list[Writes], Reading, float]:
    """What the turn's own tokens wrote, how the last of them reads, and what it reads in all."""
    config, cell = trace.model.config, trace.model.cell
    names = {*cell.write_gates, *cell.read_gates}
    pieces, last, after = [], {}, {}
    for gates, layer_parts in gate_pieces(trace, layer, names, position):
        pieces.append(cell.writes(config, layer, gates))
        last = {name: value[-1] for name, value in gates.items()}
        after = {name: part[0] for name, part in layer_parts.items()}
    reading = cell.reading(trace.model.layers, config, layer, last, after, direction)
    assert reading is not None
    return pieces, reading, reading.of(cell.memory_entries(config, layer, after))


def _book(part: Tensor, pieces: Sequence[Writes], reading: Reading, decay: Tensor) -> Tensor:
    """Add what is read of each token to `part`, from the last piece to the first."""
    stop = len(part)
    for piece in reversed(pieces):
        start = stop - piece.tokens
        part[start:stop] += piece.read(reading, decay)
        decay = decay * piece.kept
        stop = start
    return decay
