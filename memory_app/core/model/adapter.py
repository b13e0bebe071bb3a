"""A long-term adapter: a low-rank change of the map after the recurrent layers.

p = P h + U (D h): p is what the head reads, h the last layer's output (P is the identity where a
model has no projection). States, gates and the replay come before it and never depend on it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.messages import SentenceError
from memory_app.core.model.config import ModelConfig

FORMAT_VERSION = "1"
MOST_RANK = 64
#: Bytes of a header, most of which are the names of the chats that it holds.
MOST_HEADER = 1 << 16
_UP, _DOWN = "up", "down"


class AdapterError(SentenceError):
    """Bytes that are no adapter of this model; its message is one sentence for a person."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """up [embed, rank], down [rank, hidden], both float16 or float32 and finite.

    chats: the names of what it was fitted to, in the order of their consolidation.
    """

    checkpoint_sha256: str
    up: Tensor
    down: Tensor
    chats: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """The rank that it is stored with."""
        return self.up.shape[1]

    def fits(self, config: ModelConfig) -> bool:
        """Whether it has the shape that a model of this config needs."""
        rank = self.rank
        return (
            1 <= rank <= MOST_RANK
            and tuple(self.up.shape) == (config.embedding_dim, rank)
            and tuple(self.down.shape) == (rank, config.output_size)
        )

    @cached_property
    def factors(self) -> tuple[Tensor, Tensor]:
        """(up, down) in float32."""
        return self.up.float(), self.down.float()

    def change(self, outputs: Tensor) -> Tensor:
        """Outputs of the last layer [..., hidden] → what is added to what the head reads."""
        up, down = self.factors
        return (outputs.float() @ down.T) @ up.T

    @cached_property
    def data(self) -> bytes:
        """The safetensors file; equal adapters have equal bytes."""
        metadata = {
            "format_version": FORMAT_VERSION,
            "checkpoint_sha256": self.checkpoint_sha256,
            "rank": str(self.rank),
            "chats": json.dumps(list(self.chats), separators=(",", ":")),
        }
        tensors = {_UP: self.up.contiguous(), _DOWN: self.down.contiguous()}
        return _canonical(save_safetensors(tensors), metadata)

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the file: what a turn that is spoken with it records."""
        return hashlib.sha256(self.data).hexdigest()

    @classmethod
    def read(cls, data: bytes, config: ModelConfig, checkpoint_sha256: str) -> Adapter:
        """Read a file.

        Raises:
            AdapterError: another format, checkpoint or shape, too large, or not finite.
        """
        header = _header(data)
        about = header.get("__metadata__", {})
        if not isinstance(about, dict) or about.get("format_version") != FORMAT_VERSION:
            raise AdapterError("The adapter has a format that this version doesn't read.")
        if about.get("checkpoint_sha256") != checkpoint_sha256:
            raise AdapterError("The adapter belongs to another checkpoint.")
        largest = 4 * MOST_RANK * (config.output_size + config.embedding_dim)
        if len(data) > largest + MOST_HEADER:
            raise AdapterError("The adapter is larger than one of this model can be.")
        try:
            tensors = load_safetensors(data)
            chats = tuple(map(str, json.loads(about["chats"])))
        except Exception as error:  # the library raises a type of its own, unnamed in its API
            raise AdapterError("The adapter is not a safetensors file.") from error
        if set(tensors) != {_UP, _DOWN}:
            raise AdapterError("The adapter must contain exactly the tensors up and down.")
        up, down = tensors[_UP], tensors[_DOWN]
        adapter = cls(checkpoint_sha256, up, down, chats)
        known = {up.dtype, down.dtype} <= {torch.float16, torch.float32}
        if up.dim() != 2 or not known or not adapter.fits(config):
            raise AdapterError("The adapter has another shape than the checkpoint's.")
        if not all(bool(torch.isfinite(tensor).all()) for tensor in (up, down)):
            raise AdapterError("The adapter contains a value that is not finite.")
        return adapter


def _header(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    try:
        if len(data) < 8 or length > MOST_HEADER:
            raise ValueError
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise AdapterError("The adapter is not a safetensors file.") from error
    return header if isinstance(header, dict) else {}


def _canonical(data: bytes, metadata: dict[str, str]) -> bytes:
    """The file with this metadata: the library orders a header's metadata anew at each call."""
    length = int.from_bytes(data[:8], "little")
    header = {"__metadata__": metadata, **json.loads(data[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
