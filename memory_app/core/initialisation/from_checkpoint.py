"""Weights of one checkpoint as the beginning of another run, where need be under other pieces."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.messages import SentenceError
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer


class TransferError(SentenceError):
    """The two models don't fit; one sentence for a person."""


def take_over(model: LanguageModel, tokenizer: Tokenizer, parent: Checkpoint) -> None:
    """Copy the parent's weights into `model`, in place.

    A piece that the parent has keeps its row of the embedding and its bias; any other begins at
    the mean of the rows that the parent would have read in its place. A model with more hidden
    units has the parent's first; they don't hear the new ones at the start, so but for the new
    units' share of the projection the function is the parent's.

    A model whose cell has the parent's below (`Cell.lower_cell`) gets them there. A head with
    another number of outputs begins at random, and what the parent projected for its own is left;
    attention that the parent hasn't begins at random, too.

    Raises:
        TransferError: another cell, embedding, number of layers, or fewer hidden units.
    """
    ours, theirs = model.config, parent.model.config
    if ours.kind.lower_cell is not None and ours.kind.lower_cell[0] == theirs.cell:
        _take_below(model, tokenizer, parent, ours.kind.lower_cell[1])
        return
    same = ["cell", "embedding_dim", "num_layers", "options", "inputs"]
    other_head = ours.outputs != theirs.outputs
    if not other_head:
        same += ["tied", "has_projection"]
    wider = (
        ours.kind.has_gate_weights and ours.hidden_size > theirs.hidden_size and ours.has_projection
    )
    if any(getattr(ours, name) != getattr(theirs, name) for name in same) or not (
        wider or ours.hidden_size == theirs.hidden_size
    ):
        raise TransferError("The checkpoint to start from has another shape.")
    source = parent.model.state_dict()
    rows = _rows(tokenizer, parent.tokenizer)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            of_head = name.partition(".")[0] == "head"
            if name not in source:
                continue
            if other_head and (of_head or name.startswith("projection.")):
                continue
            of_tokens = name == "embedding.weight" and not ours.inputs
            if of_tokens or (of_head and not ours.outputs):
                tensor.copy_(_mean(source[name], rows))
            elif name.startswith(f"{ours.cell}.") and wider:
                for ours_of, theirs_of in zip(tensor.chunk(4), source[name].chunk(4), strict=True):
                    _put_first(ours_of, theirs_of)
            else:
                _put_first(tensor, source[name])


def _take_below(
    model: LanguageModel, tokenizer: Tokenizer, parent: Checkpoint, prefix: str
) -> None:
    """The parent's weights below; what the layers above add goes straight to the embedding."""
    ours, theirs = model.config, parent.model.config
    own = {
        name: shape for name, shape in ours.kind.parameters(ours).items() if name.startswith(prefix)
    }
    given = {f"{prefix}{name}": s for name, s in theirs.kind.parameters(theirs).items()}
    if own != given or ours.embedding_dim != theirs.embedding_dim or ours.tied != theirs.tied:
        raise TransferError("The checkpoint to start from has another shape.")
    source, rows = parent.model.state_dict(), _rows(tokenizer, parent.tokenizer)
    target = model.state_dict()
    with torch.no_grad():
        for name, tensor in source.items():
            if name in {"embedding.weight", "head.weight", "head.bias"}:
                target[name].copy_(_mean(tensor, rows))
            elif name.startswith(f"{theirs.cell}."):
                target[f"{ours.cell}.{prefix}{name.removeprefix(f'{theirs.cell}.')}"].copy_(tensor)
        eye = torch.eye(ours.embedding_dim)
        target["projection.weight"].copy_(
            torch.cat((source.get("projection.weight", eye), eye), dim=1)
        )


def _put_first(tensor: Tensor, part: Tensor) -> None:
    """`part` in the first rows and columns of `tensor`; these rows' other columns become 0."""
    rows = tensor[: part.shape[0]]
    if tensor.dim() == 1:
        rows.copy_(part)
    else:
        rows[:, : part.shape[1]] = part
        rows[:, part.shape[1] :] = 0


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
