"""Texts that the model writes: one from a given state of affairs, or many side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.sampling.batched import Sampler
from memory_app.core.sampling.settings import MAX_TOKENS, Sampling, sample
from memory_app.core.text.tokenizer import Tokenizer

#: Texts that are written side by side.
ROWS = 64


@torch.inference_mode()
def continuation(
    model: LanguageModel,
    tokenizer: Tokenizer,
    ids: Sequence[int],
    sampling: Sampling,
    *,
    drawn: int = 0,
) -> list[int]:
    """Up to `max_tokens` ids after `ids`; the last is <|end|> where the text has ended.

    `drawn` ids were drawn with this seed before: in parts or at once, a text is the same. A seed
    has MAX_TOKENS draws; after them comes that of the next seed.
    """
    outputs, state = model.hidden(torch.tensor([list(ids)]))
    logits = model.logits(outputs[:, -1])[0].float()
    banned = (tokenizer.user_id, tokenizer.bot_id)
    written: list[int] = []
    settings = sampling.to_dict()
    for place in range(drawn, drawn + sampling.max_tokens):
        rounds, draw = divmod(place, MAX_TOKENS)
        own = Sampling(**{**settings, "seed": sampling.seed + rounds})
        # Which ids came before matters for the repetition penalty alone.
        before = [*written[-draw:]] if draw else []
        before = [tokenizer.end_id] * (draw - len(before)) + before
        chosen, _ = sample(logits, own, before, end_id=tokenizer.end_id, banned=banned)
        written.append(chosen)
        if chosen == tokenizer.end_id:
            break
        outputs, state = model.hidden(torch.tensor([[chosen]]), state)
        logits = model.logits(outputs[:, -1])[0].float()
    return written


@torch.inference_mode()
def write_texts(
    model: LanguageModel,
    tokenizer: Tokenizer,
    openings: Sequence[Sequence[int]],
    samplings: Sequence[Sampling],
    poll: Callable[[], None] = lambda: None,
) -> list[list[int]]:
    """What follows each opening, as `continuation` writes it, without <|end|>; in their order.

    `poll` is called between steps; it may raise.
    """
    written: list[list[int]] = [[] for _ in openings]
    by_length: dict[int, list[int]] = {}
    for index, opening in enumerate(openings):
        by_length.setdefault(len(opening), []).append(index)
    for together in by_length.values():
        for start in range(0, len(together), ROWS):
            _write(
                model, tokenizer, openings, samplings, together[start : start + ROWS], written, poll
            )
    return written


def _write(
    model: LanguageModel,
    tokenizer: Tokenizer,
    openings: Sequence[Sequence[int]],
    samplings: Sequence[Sampling],
    rows: Sequence[int],
    written: list[list[int]],
    poll: Callable[[], None],
) -> None:
    """Fill `written` for these rows, whose openings have one length."""
    device = model.embedding.weight.device
    banned = (tokenizer.user_id, tokenizer.bot_id)
    sampler = Sampler(len(rows), end_id=tokenizer.end_id, banned=banned)
    for place, row in enumerate(rows):
        sampler.put(place, samplings[row])
    going = set(rows)
    ids = torch.tensor([list(openings[row]) for row in rows], device=device)
    state: State | None = None
    for step in range(max(samplings[row].max_tokens for row in rows)):
        poll()
        outputs, state = model.hidden(ids, state)
        logits = model.logits(outputs[:, -1]).float().cpu()
        chosen, _ = sampler.sample(logits, len(rows))
        for place, row in enumerate(rows):
            token = int(chosen[place])
            if row in going and token != tokenizer.end_id and step < samplings[row].max_tokens:
                written[row].append(token)
            else:
                going.discard(row)
        if not going:
            return
        ids = chosen[:, None].to(device)
