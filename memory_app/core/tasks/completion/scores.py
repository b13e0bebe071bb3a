"""How a model reads a text: how surprising each id is, and what else it would have written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.data.batching import cut
from memory_app.core.model.model import LanguageModel
from memory_app.core.tasks.completion.texts import Example

#: Ids of a batch: with them come so many rows of the vocabulary's width.
BATCH_TOKENS = 4096
#: Ids that are named for each place.
LIKELY = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A text's ids read one by one.

    `bits` float32 [T]: −log2 of each id's probability at its place (0 for the first); `likely`: of
    each place the ids with the highest probability; `hidden` [T, units]: h of the last layer.
    """

    bits: Tensor
    likely: list[list[tuple[int, float]]]
    hidden: Tensor


@torch.inference_mode()
def read(model: LanguageModel, ids: Sequence[int]) -> Reading:
    """A text by itself: the same bits whatever else is read."""
    hidden, _ = model.hidden(torch.tensor([list(ids)]))
    logprobs = model.logits(hidden)[0].float().log_softmax(1)  # [T, vocab]: of the id after each
    bits = torch.zeros(len(ids))
    bits[1:] = -logprobs[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0] / math.log(2)
    top = logprobs[:-1].exp().topk(min(LIKELY, logprobs.shape[1]), dim=1)
    likely: list[list[tuple[int, float]]] = [[]]
    for values, places in zip(top.values.tolist(), top.indices.tolist(), strict=True):
        likely.append(list(zip(places, values, strict=True)))
    return Reading(bits, likely, hidden[0])


@torch.inference_mode()
def text_bits(
    model: LanguageModel, examples: Sequence[Example], poll: Callable[[], None] = lambda: None
) -> Tensor:
    """Bits of each text's guessed ids, summed: float64 [N], in the order of `examples`.

    `poll` is called between batches; it may raise.
    """
    rows = [example.encoded() for example in examples]
    places = {id(row): place for place, row in enumerate(rows)}
    bits = torch.zeros(len(rows), dtype=torch.float64)
    ordered = sorted(rows, key=len)  # as `cut` orders them
    start = 0
    for batch in cut(ordered, BATCH_TOKENS, BATCH_TOKENS):
        poll()
        together = ordered[start : start + len(batch.ids)]
        start += len(together)
        ids = batch.ids.to(model.embedding.weight.device)
        counted = batch.weights[:, 1:] > 0
        outputs, _ = model.hidden(ids[:, :-1])
        nll = torch.zeros(counted.shape)
        chosen = counted.to(ids.device)
        logits = model.logits(outputs[chosen]).float()
        nll[counted] = functional.cross_entropy(logits, ids[:, 1:][chosen], reduction="none").cpu()
        for row, own in zip(together, nll.double().sum(1) / math.log(2), strict=True):
            bits[places[id(row)]] = own
    return bits
