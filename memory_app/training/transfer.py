"""Weights of one checkpoint as the beginning of another run, where need be under other pieces."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.lm.checkpoint import Checkpoint
from memory_app.lm.model import LanguageModel
from memory_app.lm.tokenizer import Tokenizer


class TransferError(ValueError):
    """The two models don't fit; one sentence for a person."""


def take_over(model: LanguageModel, tokenizer: Tokenizer, parent: Checkpoint) -> None:
    """Copy the parent's weights into `model`, in place.

    A piece that the parent has keeps its row of the embedding and its bias; any other begins at
    the mean of the rows that the parent would have read in its place.

    Raises:
        TransferError: another cell, size or number of layers.
    """
    source = parent.model.state_dict()
    target = model.state_dict()
    by_piece = {"embedding.weight", "head.weight", "head.bias"}
    for name, tensor in target.items():
        stored = source.get(name)
        same = stored is not None and (
            stored.shape[1:] == tensor.shape[1:]
            if name in by_piece
            else stored.shape == tensor.shape
        )
        if not same:
            raise TransferError("The checkpoint to begin from is of another shape.")
    rows = _rows(tokenizer, parent.tokenizer)
    with torch.no_grad():
        for name, tensor in target.items():
            tensor.copy_(_mean(source[name], rows) if name in by_piece else source[name])


def _rows(new: Tokenizer, old: Tokenizer) -> list[list[int]]:
    """For each piece of `new`, the pieces of `old` that stand for the same bytes."""
    if new.to_json() == old.to_json():
        return [[piece] for piece in range(new.vocab_size)]
    control = {new.user_id: old.user_id, new.bot_id: old.bot_id, new.end_id: old.end_id}
    same = {old.bytes_of(piece): piece for piece in range(old.vocab_size)}
    rows = []
    for piece in range(new.vocab_size):
        known = control.get(piece, same.get(new.bytes_of(piece)))
        if known is not None:
            rows.append([known])
            continue
        # A part of a character is in every byte-level vocabulary, so what is left is text.
        rows.append(old.encode(new.bytes_of(piece).decode("utf-8", "replace")))
    return rows


def _mean(tensor: Tensor, rows: list[list[int]]) -> Tensor:
    return torch.stack([tensor[row].mean(0) for row in rows])
