"""The cell protocol: all that the rest of the program asks of a recurrent cell.

Nothing here imports torch, so a checkpoint's files can be checked without it; what computes is
imported when `build`, `pack` or `tracer` is called. A new cell is a folder beside this file and a
line in `cells/__init__.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from memory_app.core.messages import Sentence, SentenceError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from memory_app.core.cells.layers import Layers
    from memory_app.core.cells.ledger import Reading, Writes
    from memory_app.core.cells.packed import PackedCell
    from memory_app.core.cells.tracer import Tracer

Shape = tuple[int, ...]


class OptionError(SentenceError):
    """Options that the cell cannot be built with; one sentence for a person."""


class Dimensions(Protocol):
    """A model's sizes without its cell's options."""

    @property
    def embedding_dim(self) -> int: ...

    @property
    def hidden_size(self) -> int: ...

    @property
    def num_layers(self) -> int: ...


class Sizes(Dimensions, Protocol):
    """What a cell reads of a model's config."""

    @property
    def options(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Gate:
    """One traced quantity of a cell: a gate, a candidate or a state part.

    `low` and `high` bound its values; None where they have no bounds. `label` is one or two words,
    `meaning` one line, both for a person. `hue`: the one of the interface's six hues, named after
    the LSTM's gates (i f g o c h), that it is drawn in; empty: that of its own name.
    """

    name: str
    label: Sentence
    meaning: Sentence
    low: float | None = None
    high: float | None = None
    hue: str = ""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """(low, high); None where the values have no bounds."""
        if self.low is None or self.high is None:
            return None
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Memory:
    """Where a layer keeps what it remembers.

    `part` of the state holds it, `gate` is the traced quantity that tells of it with one value a
    unit; the gates `write` and `keep` write to it and keep it, where there are such. `matrix`: the
    part is a matrix for each unit (`Cell.matrix_at`).
    """

    part: str
    gate: str
    write: str | None = None
    keep: str | None = None
    matrix: bool = False


class Cell(ABC):
    """A kind of recurrent layer stack. The class attributes are its description.

    Layers are numbered from 0, the lowest. The blank state is zeros in every part.
    """

    #: As config.json names it, and the prefix of its parameters in model.safetensors.
    name: ClassVar[str]
    #: Names of the state's parts, in the order of a state's bytes.
    state_parts: ClassVar[tuple[str, ...]]
    #: Parts whose values have no bound; training penalises what exceeds a limit.
    unbounded_parts: ClassVar[tuple[str, ...]] = ()
    #: The largest |value| that may be put into a part by hand, where exp() of it is taken.
    part_limits: ClassVar[Mapping[str, float]] = {}
    #: Everything a trace holds, in the order in which it is shown and stored (see `layer_gates`).
    gates: ClassVar[tuple[Gate, ...]]
    #: Gates whose means over a layer's units accompany each token of a reply.
    strip_gates: ClassVar[tuple[str, ...]]
    #: The part and traced quantity that carries the memory, the gates that write to it and keep it
    #: (see `memory_of`).
    memory_gate: ClassVar[str]
    write_gate: ClassVar[str | None] = None
    keep_gate: ClassVar[str | None] = None
    #: The part of a layer's state that is its latest output; None where there is none.
    output_part: ClassVar[str | None] = "h"
    #: Keys of config.json beside the sizes, with their defaults (see `complete_options`).
    options: ClassVar[Mapping[str, Any]] = {}
    #: The name of a cell whose stack can stand below this one's layers, with the prefix that its
    #: parameters have here. The outputs are then its own, followed by what the layers above add, in
    #: the embedding's space, to the projection of its own.
    lower_cell: ClassVar[tuple[str, str] | None] = None
    #: Whether all layers have the same parts of the same shape, so that files stack them:
    #: `h` [layers, hidden] instead of one tensor `h.0`, `h.1` a layer.
    stacked: ClassVar[bool] = False
    #: Whether chats run on it. The others are for study: trained, evaluated and compared.
    serves_chats: ClassVar[bool] = True
    #: Whether each layer's memory is exactly a sum of what each token wrote, decayed: then it has
    #: `writes`, `reading` and the gates that they need.
    has_ledger: ClassVar[bool] = False
    #: The traced quantities that `writes` and `reading` need, of those that a layer has; with the
    #: latter a tracer returns the memory after a stretch, too.
    write_gates: ClassVar[tuple[str, ...]] = ()
    read_gates: ClassVar[tuple[str, ...]] = ()
    #: Whether it has a matrix memory whose addresses can be given to it (`Layers.open_addresses`).
    has_addresses: ClassVar[bool] = False
    #: Whether its gates are linear maps of [input, h] with weights by gate (`Layers.gate_weights`),
    #: so that they can be initialised one by one, regularised and widened.
    has_gate_weights: ClassVar[bool] = False

    def complete_options(self, given: Mapping[str, Any], sizes: Dimensions) -> dict[str, Any]:
        """Every option with its value.

        Raises:
            OptionError: an option that the cell doesn't know, or a value of another type.
        """
        options = dict(self.options) | dict(given)
        for name, value in options.items():
            if name not in self.options or type(value) is not type(self.options[name]):
                raise OptionError("{name} is not of the type that the cell expects.", name=name)
        return options

    def layer_parts(self, sizes: Sizes) -> tuple[dict[str, Shape], ...]:
        """Of each layer its state parts with their shapes, without the batch axis.

        Unless a cell differs, every part in every layer, each [hidden].
        """
        shapes = dict.fromkeys(self.state_parts, (sizes.hidden_size,))
        return tuple(dict(shapes) for _ in range(sizes.num_layers))

    @abstractmethod
    def parameters(self, sizes: Sizes) -> dict[str, Shape]:
        """Shapes by name, without the cell's own name in front."""

    @abstractmethod
    def build(self, sizes: Sizes, dropout: float = 0.0) -> Layers:
        """The layers as a module, newly initialised."""

    def output_size(self, sizes: Sizes) -> int:
        """Width of the outputs that the last layer hands on."""
        return sizes.hidden_size

    def unit_count(self, sizes: Sizes, layer: int) -> int:
        """How many units of a layer can be looked at one by one."""
        return sizes.hidden_size

    def layer_width(self, sizes: Sizes, layer: int) -> int:
        """Width of what a layer hands on to the next."""
        return sizes.hidden_size

    def layer_gates(self, sizes: Sizes, layer: int) -> tuple[Gate, ...]:
        """What a trace holds of one layer, in the order of `gates`."""
        return self.gates

    def gate_width(self, sizes: Sizes, layer: int, gate: str) -> int:
        """Values of a traced quantity of a layer at one token: one a unit where not said."""
        return self.unit_count(sizes, layer)

    def held_gates(self, sizes: Sizes, layer: int) -> tuple[str, ...]:
        """The gates of a layer that can be held (`Layers.held_layer_step`); unless said, none."""
        return ()

    def memory_of(self, sizes: Sizes, layer: int) -> Memory:
        """What carries the memory of one layer."""
        return Memory(self.memory_gate, self.memory_gate, self.write_gate, self.keep_gate)

    def memory_values(self, sizes: Sizes, layer: int, parts: Mapping[str, Tensor]) -> Tensor:
        """`Memory.gate` as it is in a layer's parts (each [*shape]), float32 [units]."""
        return parts[self.memory_of(sizes, layer).part].flatten()

    def memory_entries(self, sizes: Sizes, layer: int, parts: Mapping[str, Tensor]) -> Tensor:
        """A layer's memory in full, of its parts (each [*shape]): float64 [groups, …].

        A group is what shares one forget gate: a unit, or a head.
        """
        return parts[self.memory_of(sizes, layer).part].double()

    def writes(self, sizes: Sizes, layer: int, gates: Mapping[str, Tensor]) -> Writes:
        """What a stretch's tokens wrote, from `write_gates` [T, …]. Only where `has_ledger`."""
        raise NotImplementedError

    def reading(
        self, layers: Layers, sizes: Sizes, layer: int, gates: Mapping[str, Tensor],
        after: Mapping[str, Tensor], direction: Tensor,
    ) -> Reading | None:  # fmt: skip
        """How a layer's memory reaches a number that is linear in the model's outputs.

        The number is direction · outputs, `direction` float64 [output_size]. `gates` (`read_gates`,
        each [width]) and the parts `after` are those of the token that reads. Only the direct path
        counts, with the gates of that token held fixed; None where a layer has none. Only where
        `has_ledger`.
        """
        raise NotImplementedError

    def memory_moves(
        self, sizes: Sizes, layer: int, gates: Mapping[str, Tensor], memory: Tensor
    ) -> tuple[Tensor, Tensor]:
        """How far each unit's memory moved at each token of a stretch, float32 [T, units].

        `gates`: the traced quantities of the stretch, each [T, …]; `memory`: the layer's
        `memory_entries` before it, in float32. Returns also the memory after it.
        """
        values = gates[self.memory_of(sizes, layer).gate]
        moved = values.diff(dim=0, prepend=memory.unsqueeze(0)).abs()
        return moved, values[-1].clone()

    def pack(
        self, layers: Layers, sizes: Sizes, embedding: Tensor, dtype: torch.dtype
    ) -> PackedCell:
        """The layers prepared for batched decoding.

        Unless a cell has a faster form, its `step` in float32.
        """
        from memory_app.core.cells.packed import SteppedCell

        return SteppedCell(self, layers, sizes, embedding)

    def tracer(self, layers: Layers) -> Tracer:
        """What recomputes every gate of a stretch of tokens, layer by layer.

        Unless a cell has a faster form, by its `step`.
        """
        from memory_app.core.cells.tracer import SteppedTracer

        return SteppedTracer(self, layers)

    def matrix_at(
        self, layers: Layers, layer: int, x: Tensor, before: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """A layer's matrices after a stretch, x [T, in], fed from its parts (batch 1).

        `matrix` [units, rows, columns], and `read_out` [units, T]: how much of what each token
        wrote the last one reads. Only where `Memory.matrix`.
        """
        raise NotImplementedError

    def gate(self, name: str) -> Gate:
        """One of `gates`. Raises KeyError for a name that is none of them."""
        for gate in self.gates:
            if gate.name == name:
                return gate
        raise KeyError(name)

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The names of `gates`, in their order."""
        return tuple(gate.name for gate in self.gates)

    def state_bytes(self, sizes: Sizes) -> int:
        """Bytes of one state in float32."""
        total = 0
        for parts in self.layer_parts(sizes):
            for shape in parts.values():
                count = 1
                for length in shape:
                    count *= length
                total += 4 * count
        return total
