"""Streams of token ids fed from states, many side by side, in float32."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

ROWS = 64


def turn_ids(tokenizer: Tokenizer, exchanges: Sequence[tuple[str, str]]) -> list[int]:
    """Whole turns, one after another."""
    ids: list[int] = []
    for user, bot in exchanges:
        ids += tokenizer.turn_ids(tokenizer.encode(user), tokenizer.encode(bot))
    return ids


def asked(tokenizer: Tokenizer, question: str) -> list[int]:
    """A question up to where the reply begins."""
    return tokenizer.prompt_ids(tokenizer.encode(question))


def exchanges_of(turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Turns (role, text), user first, as (user, bot)."""
    texts = [text for _, text in turns]
    return list(zip(texts[::2], texts[1::2], strict=False))


@torch.inference_mode()
def state_after(model: LanguageModel, ids: Sequence[int]) -> State:
    """The state after ids from blank; blank where there are none."""
    if not ids:
        return model.blank(1)
    return model.hidden(torch.tensor([list(ids)]))[1]


@torch.inference_mode()
def outputs_before(
    model: LanguageModel, replies: Sequence[tuple[State, Sequence[int], Sequence[int]]]
) -> list[Tensor]:
    """The last layer's outputs that each token of a reply is said from.

    replies: (state of batch 1, prompt ids, reply ids); of each [reply tokens, hidden].
    """
    order = sorted(range(len(replies)), key=lambda place: _length(replies[place]))
    found: list[Tensor] = [torch.empty(0)] * len(replies)
    for first in range(0, len(order), ROWS):
        rows = order[first : first + ROWS]
        width = max(_length(replies[place]) for place in rows)
        ids = torch.zeros(len(rows), width, dtype=torch.int64)  # (B, T)
        for row, place in enumerate(rows):
            _, prompt, reply = replies[place]
            stream = [*prompt, *reply][:-1]
            ids[row, : len(stream)] = torch.tensor(stream)
        before = State.cat([replies[place][0] for place in rows])
        outputs, _ = model.hidden(ids, before)
        for row, place in enumerate(rows):
            _, prompt, reply = replies[place]
            start = len(prompt) - 1
            found[place] = outputs[row, start : start + len(reply)].clone()
    return found


def _length(reply: tuple[State, Sequence[int], Sequence[int]]) -> int:
    return len(reply[1]) + len(reply[2]) - 1
