"""Greedy replies for many token streams at once; each equal to the one it would be alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

MAX_TOKENS = 40
# Rows side by side: enough that a step's cost is its arithmetic, few enough for any memory.
ROWS = 64


@torch.inference_mode()
def feed(
    model: LanguageModel, streams: Sequence[Sequence[int]], before: State | None = None
) -> tuple[Tensor, State]:
    """Feed streams of any lengths (each at least one id), from blank states or those `before`.

    No row sees padding: streams go in stretches, longest first, and a row leaves with its last
    token, so it works for every cell. Returns the last layer's outputs at each stream's last
    token [B, hidden], and the states after it, in the order given.
    """
    order = sorted(range(len(streams)), key=lambda row: len(streams[row]), reverse=True)
    device = model.embedding.weight.device
    width = len(streams[order[0]])
    ids = torch.zeros(len(streams), width, dtype=torch.int64)
    for place, row in enumerate(order):
        ids[place, : len(streams[row])] = torch.tensor(streams[row])
    ids = ids.to(device)
    if before is None:
        state = model.blank(len(streams))
    else:
        state = before.rows(order)
    outputs = torch.zeros(len(streams), model.config.output_size, device=device)
    after = state.clone()
    start, active = 0, len(streams)
    while active:
        stop = len(streams[order[active - 1]])
        hidden, state = model.hidden(ids[:active, start:stop], state)
        keep = active
        while keep and len(streams[order[keep - 1]]) == stop:
            keep -= 1
        outputs[keep:active] = hidden[keep:, -1]
        after.put_rows(slice(keep, active), state.rows(slice(keep, None)))
        state = state.rows(slice(0, keep))
        start, active = stop, keep
    back = torch.tensor(sorted(range(len(order)), key=order.__getitem__), device=device)
    return outputs[back], after.rows(back)


@torch.inference_mode()
def greedy_ids(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompts: Sequence[Sequence[int]],
    max_tokens: int = MAX_TOKENS,
    before: State | None = None,
) -> list[list[int]]:
    """The argmax reply to each prompt, up to `<|end|>` (left out) or `max_tokens`.

    Prompts are fed from blank states, or from those `before` (one a prompt).
    """
    replies: list[list[int]] = [[] for _ in prompts]
    banned = [tokenizer.user_id, tokenizer.bot_id]
    # Neighbours in length go together, so that a stretch is rarely fed for a few rows only.
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    for first in range(0, len(order), ROWS):
        rows = order[first : first + ROWS]
        own = None if before is None else before.rows(rows)
        outputs, state = feed(model, [prompts[row] for row in rows], own)
        for _ in range(max_tokens):
            logits = model.logits(outputs)
            logits[:, banned] = -torch.inf
            chosen = logits.argmax(dim=-1)
            going = [i for i, token in enumerate(chosen.tolist()) if token != tokenizer.end_id]
            if not going:
                break
            for i in going:
                replies[rows[i]].append(int(chosen[i]))
            if len(going) < len(rows):
                rows = [rows[i] for i in going]
                left = torch.tensor(going, device=chosen.device)
                chosen = chosen[left]
                state = state.rows(left)
            hidden, state = model.hidden(chosen.unsqueeze(1), state)
            outputs = hidden[:, -1]
    return replies


def greedy_replies(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompts: Sequence[Sequence[int]],
    max_tokens: int = MAX_TOKENS,
) -> list[str]:
    """`greedy_ids` as text; the model is put into eval mode for the while."""
    was_training = model.training
    model.eval()
    try:
        ids = greedy_ids(model, tokenizer, prompts, max_tokens)
    finally:
        model.train(was_training)
    return [tokenizer.decode(reply) for reply in ids]
