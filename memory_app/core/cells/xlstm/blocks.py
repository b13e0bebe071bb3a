"""`blocks` of config.json: what each layer of an xlstm is, from the lowest up, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory_app.core.cells.base import OptionError, Shape

LSTM, MLSTM = "lstm", "mlstm"
#: Values of one block's C: 1 MiB, ten times what a turn's state may take.
MAX_MATRIX = 1 << 18
MAX_WIDTH = 8192
#: An address is read from the mixed inputs of this token and the two before it.
ADDRESS_TOKENS = 3


@dataclass(frozen=True, slots=True)
class MatrixSizes:
    """An mLSTM block: `heads` matrices of `key` x `value`, read from `width` mixed inputs.

    `feed_forward`: units between the block's two last maps.
    """

    heads: int = 4
    key: int = 64
    value: int = 64
    width: int = 512
    feed_forward: int = 128

    @property
    def keys(self) -> int:
        """Values of all heads' keys together."""
        return self.heads * self.key

    @property
    def values(self) -> int:
        """Units of the block: values of all heads' read-outs together."""
        return self.heads * self.value

    @property
    def parts(self) -> dict[str, Shape]:
        """The block's state."""
        return {
            "C": (self.heads, self.key, self.value),
            "n": (self.heads, self.key),
            "m": (self.heads,),
            "shift": (ADDRESS_TOKENS, self.width),
        }

    def to_dict(self) -> dict[str, Any]:
        """As config.json writes it."""
        sizes = {name: getattr(self, name) for name in MatrixSizes.__slots__}
        return {"kind": MLSTM, **sizes}


def complete_blocks(given: Sequence[Any], num_layers: int, embedding_dim: int) -> list[Any]:
    """The blocks with every size in them; for an empty list the upper half is mLSTM.

    Raises:
        OptionError: not LSTM layers below mLSTM blocks, or a size out of range.
    """
    if not given:
        # As many units as the embedding has dimensions, where they are not more than usual.
        head = min(64, max(1, embedding_dim // 4))
        size = {
            "key": head, "value": head,
            "width": embedding_dim + embedding_dim // 2, "feed_forward": max(1, embedding_dim // 2),
        }  # fmt: skip
        upper = max(1, num_layers // 2)
        given = [{"kind": LSTM}] * (num_layers - upper) + [{"kind": MLSTM, **size}] * upper
    if len(given) != num_layers or not all(isinstance(block, Mapping) for block in given):
        raise OptionError("blocks must contain one object for each of the num_layers layers.")
    kinds = [block.get("kind") for block in given]
    lower = kinds.count(LSTM)
    upper = num_layers - lower
    if not lower or not upper or kinds != [LSTM] * lower + [MLSTM] * upper:
        raise OptionError("blocks must be one or more lstm layers and above them mlstm blocks.")
    return [_complete(block) for block in given]


def _complete(block: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {name: size for name, size in block.items() if name != "kind"}
    if block["kind"] == LSTM:
        if sizes:
            raise OptionError("An lstm layer of blocks has no sizes of its own.")
        return {"kind": LSTM}
    for name, size in sizes.items():
        if name not in MatrixSizes.__slots__ or type(size) is not int or not 1 <= size <= MAX_WIDTH:
            raise OptionError(
                "The sizes of an mlstm block are heads, key, value, width and feed_forward, "
                "whole numbers from 1 to {most}.",
                most=MAX_WIDTH,
            )
    complete = MatrixSizes(**sizes)
    if complete.heads * complete.key * complete.value > MAX_MATRIX:
        raise OptionError(
            "heads, key and value of an mlstm block must multiply to at most {most}.",
            most=MAX_MATRIX,
        )
    return complete.to_dict()


def matrix_sizes(options: Mapping[str, Any]) -> list[MatrixSizes | None]:
    """Of each layer its sizes where it is an mLSTM block; None for an LSTM layer."""
    return [
        None
        if block["kind"] == LSTM
        else MatrixSizes(**{name: block[name] for name in MatrixSizes.__slots__})
        for block in options["blocks"]
    ]
