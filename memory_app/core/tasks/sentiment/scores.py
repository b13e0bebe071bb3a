"""The running score: after each token σ(w · h + b), where h is that of the last layer.

The logit w · h + b is a sum over units, so that what each unit adds to it, and what a token changed
of that, are exact and sum to the score. A held unit shows the cause: it stands at one value while
the whole text is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.model.model import LanguageModel

#: Texts that are read side by side; more take more memory and no less time.
ROWS = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """One text read: `logits` float32 [T] after each token, `hidden` [T, units] of the last layer.

    T counts <|user|> and <|end|>; the score of the whole text is the last.
    """

    logits: Tensor
    hidden: Tensor

    @property
    def score(self) -> float:
        """The probability that the whole text is positive."""
        return float(self.logits[-1].sigmoid())


@torch.inference_mode()
def read_alone(model: LanguageModel, ids: Sequence[int]) -> Reading:
    """One text by itself: the same bits whatever else is read."""
    hidden, _ = model.hidden(torch.tensor([list(ids)]))
    return Reading(model.logits(hidden)[0, :, 0], hidden[0])


@torch.inference_mode()
def final_states(
    model: LanguageModel,
    texts: Sequence[Sequence[int]],
    poll: Callable[[], None] = lambda: None,
) -> tuple[Tensor, Tensor]:
    """(logits [N], h [N, units]) after the last token of each text, in the order of `texts`.

    `poll` is called between batches; it may raise.
    """
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    hidden = torch.zeros(len(texts), model.config.output_size)
    for start in range(0, len(order), ROWS):
        poll()
        chosen = order[start : start + ROWS]
        width = len(texts[chosen[-1]])
        ids = torch.zeros(len(chosen), width, dtype=torch.long)
        last = torch.zeros(len(chosen), width, dtype=torch.bool)
        for row, index in enumerate(chosen):
            length = len(texts[index])
            ids[row, :length] = torch.tensor(list(texts[index]))
            last[row, length - 1] = True
        outputs, _ = model.hidden(ids.to(model.embedding.weight.device))
        hidden[chosen] = outputs[last].float().cpu()
    logits = model.logits(hidden.to(model.embedding.weight.device))[:, 0].float().cpu()
    return logits, hidden


def unit_weights(model: LanguageModel) -> Tensor:
    """What the logit gains when a unit of the last layer rises by 1: [units]."""
    return model.head.weight[0].detach()


def changes(model: LanguageModel, reading: Reading) -> Tensor:
    """[T, units]: what each token changed of each unit's share of the logit, w · (h_t − h_t−1).

    Summed over units and tokens, and with the bias, it is the last logit.
    """
    shares = reading.hidden * unit_weights(model)
    return torch.diff(shares, dim=0, prepend=shares.new_zeros(1, shares.shape[1]))


@torch.inference_mode()
def held_scores(
    model: LanguageModel, ids: Sequence[int], layer: int, unit: int, values: Sequence[float]
) -> Tensor:
    """[values, T]: the logit after each token while one unit's h is held at each of `values`.

    Held after every step: the next step, the layers above and the score all receive that value.
    """
    held = torch.tensor(list(values))
    parts = [dict(own) for own in model.blank(len(held)).layers]
    logits = []
    for token_id in ids:
        x = model.embedding(torch.full((len(held),), token_id))
        for number in range(model.config.num_layers):
            x, parts[number], _ = model.layers.layer_step(number, x, parts[number])
            if number == layer:
                x = x.clone()
                x[:, unit] = held
                parts[number] = {**parts[number], "h": x}
        logits.append(model.logits(x)[:, 0])
    return torch.stack(logits, dim=1)
