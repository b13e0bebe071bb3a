"""Working memory: the hidden and cell state of an LSTM, as tensors, bytes and safetensors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.messages import SentenceError
from memory_app.core.model.config import ModelConfig

STATE_FORMAT_VERSION = "1"


class StateError(SentenceError):
    """Bytes that are no state of this shape; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class State:
    """h and c, each float32 [layers, batch, hidden]. Treat it as a value: never write into it."""

    h: Tensor
    c: Tensor

    @classmethod
    def zeros(cls, config: ModelConfig, batch: int = 1) -> State:
        """The blank memory: zeros of [layers, batch, hidden]."""
        shape = (config.num_layers, batch, config.hidden_size)
        return cls(torch.zeros(shape), torch.zeros(shape))

    @classmethod
    def cat(cls, states: Sequence[State]) -> State:
        """Put states side by side along the batch axis (a copy)."""
        return cls(
            torch.cat([state.h for state in states], dim=1),
            torch.cat([state.c for state in states], dim=1),
        )

    @property
    def batch(self) -> int:
        """How many rows stand side by side."""
        return self.h.shape[1]

    def select(self, row: int) -> State:
        """One row as a state of batch 1 (a copy, so the row may be reused)."""
        return State(self.h[:, row : row + 1].clone(), self.c[:, row : row + 1].clone())

    def clone(self) -> State:
        """A copy that shares no memory with this one."""
        return State(self.h.clone(), self.c.clone())

    def detach(self) -> State:
        """The same values without their gradient history (truncated BPTT)."""
        return State(self.h.detach(), self.c.detach())

    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        if self.batch != 1:
            raise StateError("Only a state of batch size 1 can be serialized.")
        h, c = (part[:, 0].detach().contiguous().numpy() for part in (self.h, self.c))
        return h.astype("<f4"), c.astype("<f4")

    def to_bytes(self) -> bytes:
        """h's then c's little-endian float32 bytes in C order: 2 · layers · hidden · 4 of them."""
        h, c = self._arrays()
        return h.tobytes() + c.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, num_layers: int, hidden_size: int) -> State:
        """The inverse of `to_bytes`.

        Raises:
            StateError: not 2 · layers · hidden floats, or one of them is not finite.
        """
        data = bytes(data)
        expected = 2 * num_layers * hidden_size * 4
        if len(data) != expected:
            raise StateError(
                "The state has {count} bytes; {expected} are expected.",
                count=len(data),
                expected=expected,
            )
        values = np.frombuffer(data, dtype="<f4").astype(np.float32)
        if not np.isfinite(values).all():
            raise StateError("The state contains a value that is not finite.")
        both = torch.from_numpy(values).view(2, num_layers, 1, hidden_size)
        return cls(both[0].clone(), both[1].clone())

    def sha256(self) -> str:
        """Hex SHA-256 of `to_bytes()`: the name of this memory."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_safetensors(self, metadata: dict[str, str]) -> bytes:
        """A mind file: h and c as float32 [layers, hidden], with string metadata."""
        tensors = {"h": self.h[:, 0].contiguous(), "c": self.c[:, 0].contiguous()}
        return save_safetensors(tensors, {"format_version": STATE_FORMAT_VERSION, **metadata})

    @classmethod
    def from_safetensors(cls, data: bytes, num_layers: int, hidden_size: int) -> State:
        """Read a mind file of a known shape.

        Raises:
            StateError: other tensors, another shape or dtype, too large, or not finite.
        """
        # A right file is the values and a small header; anything larger is not opened at all.
        if len(data) > 2 * num_layers * hidden_size * 4 + 65_536:
            raise StateError("The file is larger than a state of this model can be.")
        try:
            tensors = load_safetensors(data)
        except Exception as error:  # the library raises a type of its own, unnamed in its API
            raise StateError("The file is not a safetensors file.") from error
        if set(tensors) != {"h", "c"}:
            raise StateError("The file must contain exactly the tensors h and c.")
        for name in ("h", "c"):
            tensor = tensors[name]
            if tuple(tensor.shape) != (num_layers, hidden_size) or tensor.dtype != torch.float32:
                raise StateError(
                    "{name} must be float32 [{layers}, {units}].",
                    name=name,
                    layers=num_layers,
                    units=hidden_size,
                )
            if not bool(torch.isfinite(tensor).all()):
                raise StateError("The state contains a value that is not finite.")
        return cls(tensors["h"].unsqueeze(1).clone(), tensors["c"].unsqueeze(1).clone())
