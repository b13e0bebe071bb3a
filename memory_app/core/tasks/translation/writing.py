"""Translations: the likeliest sentence that a beam search finds, greedy with a beam of one.

Sources of one length are read side by side; then nothing but their state, and the source's outputs
where the model has attention, reaches what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

#: Sentences that are translated side by side.
ROWS = 64
#: Hypotheses of a published figure and of the page.
BEAM = 4
#: A translation has at most so many ids: MOST_TIMES those of its source, and MOST_MORE.
MOST_TIMES, MOST_MORE = 2, 16
#: Hypotheses are compared by log p / length ** this (Wu et al. 2016).
LENGTH_POWER = 0.7


@dataclass(slots=True)
class _Search:
    """The hypotheses of B sources with K of each: rows [B·K], a source's rows side by side."""

    scores: Tensor  # [B, K]: log p of each
    ids: Tensor  # [B, K, written so far]
    ended: list[list[tuple[float, list[int]]]]  # of each source (compared score, ids)


@torch.inference_mode()
def translations(
    model: LanguageModel,
    tokenizer: Tokenizer,
    sources: Sequence[Sequence[int]],
    *,
    beam: int = BEAM,
    poll: Callable[[], None] = lambda: None,
) -> list[list[int]]:
    """The target ids of each source, without <|end|>, in the order of `sources`.

    `poll` is called between steps; it may raise.
    """
    written: list[list[int]] = [[] for _ in sources]
    by_length: dict[int, list[int]] = {}
    for index, source in enumerate(sources):
        by_length.setdefault(len(source), []).append(index)
    for together in by_length.values():
        for start in range(0, len(together), ROWS):
            rows = together[start : start + ROWS]
            ids = torch.tensor([list(sources[row]) for row in rows])
            for row, own in zip(rows, _search(model, tokenizer, ids, beam, poll), strict=True):
                written[row] = own
    return written


def _search(
    model: LanguageModel, tokenizer: Tokenizer, ids: Tensor, beam: int, poll: Callable[[], None]
) -> list[list[int]]:
    """The target ids of sources of one length, [B, S]."""
    batch, device = len(ids), model.embedding.weight.device
    outputs, state = model.hidden(ids.to(device))
    source = outputs[:, :-1].repeat_interleave(beam, 0)  # the mark <|bot|> is no part of it
    state = _rows(model, state, torch.arange(batch, device=device).repeat_interleave(beam))
    outputs = outputs[:, -1:].repeat_interleave(beam, 0)
    # At first all hypotheses of a source are equal: only one of them counts.
    scores = torch.full((batch, beam), -torch.inf)
    scores[:, 0] = 0
    search = _Search(scores, torch.zeros(batch, beam, 0, dtype=torch.long), [[] for _ in ids])
    for _ in range(MOST_TIMES * ids.shape[1] + MOST_MORE):
        poll()
        addition = model.attention(outputs, source) if model.attention is not None else None
        logits = model.logits(outputs, addition=addition)[:, 0].float().cpu()
        logits[:, [tokenizer.user_id, tokenizer.bot_id]] = -torch.inf
        parents = _advance(search, logits.log_softmax(1), tokenizer.end_id)
        if all(_done(search, row, beam) for row in range(batch)):
            break
        state = _rows(model, state, parents.to(device))
        last = search.ids[:, :, -1].reshape(-1, 1).to(device)
        outputs, state = model.hidden(last, state)
    return [_best(search, row) for row in range(batch)]


def _rows(model: LanguageModel, state: State, rows: Tensor) -> State:
    """The state whose rows are these rows of another."""
    return model.blank(len(rows)).with_tensors([own[rows] for own in state.tensors()])


def _advance(search: _Search, logprobs: Tensor, end_id: int) -> Tensor:
    """One more id a hypothesis, log p [B·K, vocab]; returns which row each goes on from [B·K]."""
    batch, beam = search.scores.shape
    vocab = logprobs.shape[1]
    length = search.ids.shape[2] + 1
    total = (search.scores.view(-1, 1) + logprobs).view(batch, beam, vocab)
    for row, (score, ids) in enumerate(zip(total[:, :, end_id].tolist(), search.ids, strict=True)):
        for own, before in zip(score, ids.tolist(), strict=True):
            if own > -torch.inf:
                search.ended[row].append((own / length**LENGTH_POWER, before))
    total[:, :, end_id] = -torch.inf
    top = total.view(batch, -1).topk(beam, dim=1)
    parents = top.indices // vocab
    search.scores = top.values
    chosen = (top.indices % vocab)[:, :, None]
    search.ids = torch.cat(
        (search.ids.gather(1, parents[:, :, None].expand_as(search.ids)), chosen), 2
    )
    return (parents + torch.arange(batch)[:, None] * beam).view(-1)


def _done(search: _Search, row: int, beam: int) -> bool:
    """Whether no hypothesis can overtake the best that has ended: log p only falls."""
    ended = search.ended[row]
    longest = search.ids.shape[2] + 1
    going = float(search.scores[row].max())
    if beam == 1:  # greedy: it ends where <|end|> is likelier than any other id
        return bool(ended) and ended[-1][0] * (longest - 1) ** LENGTH_POWER >= going
    most = MOST_TIMES * longest + MOST_MORE
    return bool(ended) and max(ended)[0] >= going / most**LENGTH_POWER


def _best(search: _Search, row: int) -> list[int]:
    return max(search.ended[row])[1] if search.ended[row] else search.ids[row, 0].tolist()
