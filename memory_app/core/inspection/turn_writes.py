"""What one turn wrote into a layer's memory, token by token: by replay, in pieces of a chunk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.cells.ledger import Writes, decayed
from memory_app.core.inspection.long_trace import CHUNK
from memory_app.core.inspection.trace_queries import AnyTrace
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State


@dataclass(frozen=True, slots=True)
class Change:
    """What a turn did to one layer's memory M: afterwards it is kept · M + written.

    kept float64 [groups], written float64 [groups, …]; a group shares one forget gate: a unit, or
    a head of a matrix memory. rounding float64 [groups]: the largest part of `written` that no
    token wrote: what float32 rounded in this turn.
    """

    kept: Tensor
    written: Tensor
    rounding: Tensor


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one turn, for each layer, what doesn't need its states: the products of forget gates, and
    the sums of what its tokens wrote. None for a turn without tokens."""

    layers: list[tuple[Tensor, Tensor]] | None

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(8 * (kept.numel() + total.numel()) for kept, total in self.layers or [])


@dataclass(frozen=True, slots=True)
class TurnWrites:
    """Of one turn what each token wrote, by layer (those alone that are read directly)."""

    layers: dict[int, list[Writes]]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(piece.size for pieces in self.layers.values() for piece in pieces)


def gate_pieces(
    trace: AnyTrace, layer: int, names: Collection[str], stop: int
) -> Iterator[tuple[dict[str, Tensor], Mapping[str, Tensor]]]:
    """({gate: float32 [t, …]}, the layer's parts after), chunk by chunk up to token `stop`."""
    own = [name for name in names if name in trace.model.config.layer_gates(layer)]
    parts = trace.state.layers[layer]
    outputs = trace.outputs(layer)
    for start in range(0, stop, CHUNK):
        end = min(start + CHUNK, stop)
        with torch.inference_mode():
            if layer:
                x = trace.outputs(layer - 1)[start:end]
            else:
                x = trace.model.embedding(torch.tensor(trace.ids[start:end]))
            gates, parts = trace.tracer.gates(layer, x, outputs[start:end], parts, own)
        yield gates, parts


@torch.inference_mode()
def layer_writes(trace: AnyTrace, layer: int) -> list[Writes]:
    """What each token of the trace wrote into a layer's memory, a piece a chunk, in order."""
    config = trace.model.config
    names = config.kind.write_gates
    return [
        config.kind.writes(config, layer, gates)
        for gates, _ in gate_pieces(trace, layer, names, len(trace.ids))
    ]


@torch.inference_mode()
def turn_writes(trace: AnyTrace, layers: Sequence[int]) -> tuple[Kept, TurnWrites]:
    """The sums of all layers, and token by token what was written into `layers`."""
    sums: list[tuple[Tensor, Tensor]] = []
    kept_pieces: dict[int, list[Writes]] = {}
    for layer in range(trace.num_layers):
        pieces = layer_writes(trace, layer)
        sums.append(joined(pieces))
        if layer in layers:
            kept_pieces[layer] = pieces
    return Kept(sums), TurnWrites(kept_pieces)


@torch.inference_mode()
def several_writes(
    model: LanguageModel, turns: Sequence[tuple[State, Sequence[int]]], layers: Sequence[int]
) -> list[tuple[Kept, TurnWrites]]:
    """`turn_writes` of several turns at once, each (the state before it, its ids).

    Equal but for rounding, and several times faster for short turns. Memory grows with the tokens
    of all of them.
    """
    config, tracer = model.config, model.cell.tracer(model.layers)
    xs = [model.embedding(torch.tensor(list(ids))) for _, ids in turns]
    sums: list[list[tuple[Tensor, Tensor]]] = [[] for _ in turns]
    read: list[dict[int, list[Writes]]] = [{} for _ in turns]
    for layer in range(config.num_layers):
        names = [name for name in config.kind.write_gates if name in config.layer_gates(layer)]
        befores = [state.layers[layer] for state, _ in turns]
        found = tracer.together(layer, xs, befores, names)
        xs = [outputs for outputs, _ in found]
        for place, (_, gates) in enumerate(found):
            piece = config.kind.writes(config, layer, gates)
            sums[place].append(joined([piece]))
            if layer in layers:
                read[place][layer] = [piece]
    return [(Kept(own), TurnWrites(own_read)) for own, own_read in zip(sums, read, strict=True)]


def joined(pieces: Sequence[Writes]) -> tuple[Tensor, Tensor]:
    """(Π f, all that was written and is left) over consecutive pieces."""
    kept, total = pieces[0].kept, pieces[0].total()
    for piece in pieces[1:]:
        total = decayed(total, piece.kept) + piece.total()
        kept = kept * piece.kept
    return kept, total


def layer_change(
    config: ModelConfig,
    layer: int,
    kept: Kept,
    before: State,
    after: State,
    of_blank: State | None = None,
) -> Change:
    """What a turn did to one layer's memory between two stored states (batch 1).

    written = after - kept · before, so a chain of changes gives the last state to float64; it
    differs from what the tokens wrote by the rounding of float32 alone. A turn without tokens (an
    edit, a blend) has its kept from what it would make of the blank memory, `of_blank`: what it
    writes there it writes here. A group in which that isn't a multiple of the old memory counts as
    written anew.
    """
    old, new = (_entries(config, layer, state) for state in (before, after))
    if kept.layers is not None:
        share, total = kept.layers[layer]
        written = new - decayed(old, share)
        return Change(share, written, (written - total).abs().flatten(1).amax(1)
                      if old.dim() > 1 else (written - total).abs())  # fmt: skip
    given = torch.zeros_like(old) if of_blank is None else _entries(config, layer, of_blank)
    share = _multiple(old.reshape(len(old), -1), (new - given).reshape(len(old), -1))
    return Change(share, new - decayed(old, share), torch.zeros_like(share))


def _entries(config: ModelConfig, layer: int, state: State) -> Tensor:
    parts = {name: part[0] for name, part in state.layers[layer].items()}
    return config.kind.memory_entries(config, layer, parts)


def _multiple(old: Tensor, new: Tensor) -> Tensor:
    """s [groups] with new = s · old to float32's precision, each [groups, n]; 0 where none is."""
    square = old.square().sum(1)
    share = torch.where(square > 0, (old * new).sum(1) / square.clamp(min=1e-300), square + 1.0)
    apart = (new - share.unsqueeze(1) * old).abs().amax(1)
    return torch.where(apart <= 1e-6 * old.abs().amax(1), share, torch.zeros_like(share))
