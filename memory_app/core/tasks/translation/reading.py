"""How a translation came about: what was likely, the state's path, and what each word did.

The state-only model has no weights that say which word it looked at, so it is asked by
counterfactuals: the source is read again without one word, and the same target is scored. What the
target loses is that word's influence. With attention there are its weights, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from memory_app.core.inspection.timeline import principal_path
from memory_app.core.model.model import LanguageModel

#: Ids that are named for each place; sources that are read side by side.
LIKELY, ROWS = 5, 16


@dataclass(frozen=True, slots=True)
class Reading:
    """A source and its target, T ids with N of the target, as one model reads them.

    `bits` [N]: −log2 of each target id's probability; `likely`: the most probable ids there.
    `hidden` [T, units]: h of the last layer. `path` [T + 1, 2]: the whole state (every part of
    every layer) from the blank one on in the plane of its largest variance, of which `explained`
    is the share of each axis. `change` [T]: how far each id moved the whole state. `attention`
    [N, S]: the weights over the S source ids before <|bot|>, None without attention;
    `by_attention` [N]: the part of each id's logit that attention added.
    """

    bits: Tensor
    likely: list[list[tuple[int, float]]]
    hidden: Tensor
    path: Tensor
    explained: tuple[float, float]
    change: Tensor
    attention: Tensor | None
    by_attention: Tensor | None


def _target_logits(
    model: LanguageModel, sources: Sequence[Sequence[int]], target: Sequence[int]
) -> tuple[Tensor, Tensor | None]:
    """(logits [B, N, vocab] of one target behind each source, what attention added or None)."""
    rows = [torch.tensor([*source, *target]) for source in sources]
    outputs, _ = model.hidden(pad_sequence(rows, batch_first=True))
    lengths = torch.tensor([len(source) for source in sources])
    # What is read at the mark guesses the first id of the target.
    places = (lengths - 1)[:, None] + torch.arange(len(target))
    asking = outputs.gather(1, places[:, :, None].expand(-1, -1, outputs.shape[2]))
    addition = None
    if model.attention is not None:
        width = int(lengths.max()) - 1
        inside = torch.arange(width) < (lengths - 1)[:, None]
        addition = model.attention(asking, outputs[:, :width], inside)
    return model.logits(asking, addition=addition).float(), addition


@torch.inference_mode()
def read(model: LanguageModel, source: Sequence[int], target: Sequence[int]) -> Reading:
    """A source with the target that was written (or any other), its <|end|> included."""
    logits, addition = _target_logits(model, [source], target)
    logprobs = logits[0].log_softmax(1)
    chosen = torch.tensor(list(target))
    top = logprobs.exp().topk(min(LIKELY, logprobs.shape[1]), dim=1)
    states = _states(model, [*source, *target])
    path, explained = principal_path(states)
    hidden, _ = model.hidden(torch.tensor([[*source, *target]]))
    attention = by_attention = None
    if model.attention is not None and addition is not None:
        first = len(source) - 1
        asking = hidden[:, first : first + len(target)]
        attention = model.attention.weights(asking, hidden[:, :first])[0]
        by_attention = (addition[0] * model.head.weight[chosen]).sum(1)
    return Reading(
        bits=-logprobs.gather(1, chosen[:, None])[:, 0] / math.log(2),
        likely=[
            list(zip(ids, shares, strict=True))
            for ids, shares in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ],
        hidden=hidden[0],
        path=path,
        explained=explained,
        change=states.diff(dim=0).norm(dim=1),
        attention=attention,
        by_attention=by_attention,
    )


def _states(model: LanguageModel, ids: Sequence[int]) -> Tensor:
    """The whole state before the first id and after each, as rows: [T + 1, values]."""
    state = model.blank(1)
    rows = []
    for place in range(len(ids) + 1):
        rows.append(torch.cat([part[0].flatten() for part in state.tensors()]))
        if place < len(ids):
            _, state = model.hidden(torch.tensor([[ids[place]]]), state)
    return torch.stack(rows).double()


@torch.inference_mode()
def influence(
    model: LanguageModel,
    source: Sequence[int],
    target: Sequence[int],
    spans: Sequence[tuple[int, int]],
) -> Tensor:
    """[spans, N]: bits that each target id loses where a span (first, stop) of the source is left
    out: above 0 the span made it likelier.
    """
    sources = [list(source), *([*source[:first], *source[stop:]] for first, stop in spans)]
    logprobs = []
    for start in range(0, len(sources), ROWS):
        logits, _ = _target_logits(model, sources[start : start + ROWS], target)
        chosen = torch.tensor(list(target)).expand(len(logits), -1)[:, :, None]
        logprobs.append(logits.log_softmax(2).gather(2, chosen)[:, :, 0] / math.log(2))
    scored = torch.cat(logprobs)
    return scored[:1] - scored[1:]
