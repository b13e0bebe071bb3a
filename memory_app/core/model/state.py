"""Working memory: the state of a model's recurrent layers, as tensors, bytes and safetensors.

Which parts a layer has, and in which order their bytes stand, says its cell (core/cells).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.messages import SentenceError
from memory_app.core.model.config import ModelConfig

STATE_FORMAT_VERSION = "1"
#: Bytes that the header of a mind file may have.
MOST_HEADER = 65_536


class StateError(SentenceError):
    """Bytes that are no state of this shape; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class State:
    """Of each layer its parts by name, each float32 [batch, *shape]; never written into."""

    layers: tuple[dict[str, Tensor], ...]

    @classmethod
    def zeros(
        cls, config: ModelConfig, batch: int = 1, device: torch.device | None = None
    ) -> State:
        """The blank state of `batch` rows."""
        return cls(
            tuple(
                {name: torch.zeros(batch, *shape, device=device) for name, shape in parts.items()}
                for parts in config.layer_parts
            )
        )

    @classmethod
    def of_parts(cls, **parts: Tensor) -> State:
        """A state whose layers all have the same parts, each given as [layers, batch, *shape]."""
        count = len(next(iter(parts.values())))
        return cls(
            tuple({name: part[layer] for name, part in parts.items()} for layer in range(count))
        )

    @classmethod
    def cat(cls, states: Sequence[State]) -> State:
        """Put states side by side along the batch axis (a copy)."""
        return cls(
            tuple(
                {name: torch.cat([layer[name] for layer in layers]) for name in layers[0]}
                for layers in zip(*(state.layers for state in states), strict=True)
            )
        )

    def _each(self, change: Callable[[Tensor], Tensor]) -> State:
        return State(
            tuple({name: change(part) for name, part in layer.items()} for layer in self.layers)
        )

    @property
    def batch(self) -> int:
        """The number of rows."""
        return next(iter(self.layers[0].values())).shape[0]

    def part(self, name: str) -> Tensor:
        """A part of all layers that have it, stacked: [layers, batch, *shape] (a copy)."""
        return torch.stack([layer[name] for layer in self.layers if name in layer])

    def tensors(self) -> tuple[Tensor, ...]:
        """Every part of every layer, in one fixed order."""
        return tuple(part for layer in self.layers for part in layer.values())

    def with_tensors(self, tensors: Sequence[Tensor]) -> State:
        """The inverse of `tensors` for a state of this one's form."""
        given = iter(tensors)
        return self._each(lambda _: next(given))

    def fits(self, config: ModelConfig) -> bool:
        """Whether its parts have the names and shapes of this config, whatever the batch."""
        wanted = config.layer_parts
        return len(self.layers) == len(wanted) and all(
            layer.keys() == shapes.keys()
            and all(tuple(part.shape[1:]) == shapes[name] for name, part in layer.items())
            for layer, shapes in zip(self.layers, wanted, strict=True)
        )

    def select(self, row: int) -> State:
        """One row as a state of batch 1 (a copy, so the row may be reused)."""
        return self._each(lambda part: part[row : row + 1].clone())

    def rows(self, index: Tensor | slice | list[int]) -> State:
        """Some rows, in the order of the index."""
        return self._each(lambda part: part[index].contiguous())

    def put_rows(self, rows: slice, state: State) -> None:
        """Write a state's rows into these of a state under construction, in place."""
        for own, given in zip(self.tensors(), state.tensors(), strict=True):
            own[rows] = given

    def clone(self) -> State:
        """A copy that shares no memory with this one."""
        return self._each(torch.Tensor.clone)

    def detach(self) -> State:
        """The same values without their gradient history (truncated BPTT)."""
        return self._each(torch.Tensor.detach)

    def norms(self) -> list[dict[str, float]]:
        """The Euclidean norm of each part of each layer (batch 1)."""
        return [
            {name: float(part[0].norm()) for name, part in layer.items()} for layer in self.layers
        ]

    def largest_difference(self, other: State) -> float:
        """The largest absolute difference between a value and the other state's."""
        pairs = zip(self.tensors(), other.tensors(), strict=True)
        return max(float((own - given).abs().max()) for own, given in pairs)

    def _arrays(self) -> Iterator[np.ndarray]:
        """Each part's values in the order of the bytes: of a part layer by layer."""
        if self.batch != 1:
            raise StateError("Only a state of batch size 1 can be serialized.")
        for name in dict.fromkeys(name for layer in self.layers for name in layer):
            for layer in self.layers:
                if name in layer:
                    yield layer[name][0].detach().contiguous().numpy().astype("<f4")

    def to_bytes(self) -> bytes:
        """The parts' little-endian float32 bytes in C order; of a part layer by layer."""
        return b"".join(array.tobytes() for array in self._arrays())

    @classmethod
    def from_bytes(cls, data: bytes, config: ModelConfig) -> State:
        """The inverse of `to_bytes`.

        Raises:
            StateError: another number of floats, or one of them is not finite.
        """
        data = bytes(data)
        expected = config.state_bytes
        if len(data) != expected:
            raise StateError(
                "The state has {count} bytes; {expected} are expected.",
                count=len(data),
                expected=expected,
            )
        values = np.frombuffer(data, dtype="<f4").astype(np.float32)
        if not np.isfinite(values).all():
            raise StateError("The state contains a value that is not finite.")
        flat, begin = torch.from_numpy(values), 0
        shapes = config.layer_parts
        layers: tuple[dict[str, Tensor], ...] = tuple({} for _ in shapes)
        for name in config.kind.state_parts:
            for layer, own in zip(layers, shapes, strict=True):
                if name in own:
                    count = int(torch.Size(own[name]).numel())
                    layer[name] = flat[begin : begin + count].view(1, *own[name]).clone()
                    begin += count
        return cls(layers)

    def sha256(self) -> str:
        """Hex SHA-256 of `to_bytes()`: the name of this memory."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_safetensors(self, metadata: dict[str, str], config: ModelConfig) -> bytes:
        """A mind file: one tensor a part (`h` [layers, hidden]) where the cell's layers are alike,
        else one a part and layer (`h.0`); with string metadata."""
        tensors = {
            name: torch.stack(parts).contiguous() if config.kind.stacked else parts[0].contiguous()
            for name, parts in _by_file_name(self.layers, config).items()
        }
        return save_safetensors(tensors, {"format_version": STATE_FORMAT_VERSION, **metadata})

    @classmethod
    def from_safetensors(cls, data: bytes, config: ModelConfig) -> State:
        """Read a mind file of a known shape.

        Raises:
            StateError: other tensors, another shape or dtype, too large, or not finite.
        """
        # A right file is the values and a small header; anything larger is not opened at all.
        if len(data) > config.state_bytes + MOST_HEADER:
            raise StateError("The file is larger than a state of this model can be.")
        try:
            tensors = load_safetensors(data)
        except Exception as error:  # the library raises a type of its own, unnamed in its API
            raise StateError("The file is not a safetensors file.") from error
        blank = cls.zeros(config)
        names = _by_file_name(blank.layers, config)
        if set(tensors) != set(names):
            listed = sorted(names, key=list(names).index)
            raise StateError(
                "The file must contain exactly the tensors {names}.", names=", ".join(listed)
            )
        for name, parts in names.items():
            shape = (len(parts), *parts[0].shape) if config.kind.stacked else tuple(parts[0].shape)
            tensor = tensors[name]
            if tuple(tensor.shape) != shape or tensor.dtype != torch.float32:
                raise StateError("{name} must be float32 {shape}.", name=name, shape=list(shape))
            if not bool(torch.isfinite(tensor).all()):
                raise StateError("The state contains a value that is not finite.")
            for place, part in enumerate(parts):  # views of the blank state
                part.copy_(tensor[place] if config.kind.stacked else tensor)
        return blank


def mind_file_metadata(data: bytes) -> dict[str, str]:
    """The string metadata of a mind file; the tensors aren't read.

    Raises:
        StateError: no safetensors file, or its header is larger than a state's can be.
    """
    length = int.from_bytes(data[:8], "little")
    try:
        if len(data) < 8 or length > MOST_HEADER:
            raise ValueError
        header = json.loads(data[8 : 8 + length])
        metadata = header.get("__metadata__", {})
        if not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError
    except (ValueError, AttributeError, RecursionError) as error:
        raise StateError("The file is not a safetensors file.") from error
    return dict(metadata)


def _by_file_name(
    layers: tuple[dict[str, Tensor], ...], config: ModelConfig
) -> dict[str, list[Tensor]]:
    """The parts of a state of batch 1 (views, without the batch axis) by their name in a file."""
    files: dict[str, list[Tensor]] = {}
    for part in config.kind.state_parts:
        for number, layer in enumerate(layers):
            if part in layer:
                name = part if config.kind.stacked else f"{part}.{number}"
                files.setdefault(name, []).append(layer[part][0].detach())
    return files
