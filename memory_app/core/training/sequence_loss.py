"""The loss of frames that have targets of their own and, together, a sequence of words.

Connectionist temporal classification (Graves et al. 2006) sums over all ways in which the words may
lie along the frames. Alone it learns nothing for long; beside each frame's own target it does.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Nats a word above which an utterance is too far from its words for the sum to say anything.
FAR = 40.0
#: The target of a frame without a word.
BLANK = 0


def words_along(targets: Tensor) -> list[Tensor]:
    """The words of each row of frame targets int64 [B, T]: one a run of equal ones, blanks out."""
    words = []
    for row in targets:
        values = torch.unique_consecutive(row)
        words.append(values[values != BLANK])
    return words


def sequence_nll(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """−ln of the probability of each row's words, summed over the rows, in nats.

    logits float32 [B, T, outputs]; targets int64 [B, T] as `words_along` reads them; a row ends
    with its last weight above 0. Rows of more than FAR nats a word count 0.
    """
    words = words_along(targets)
    lengths = torch.tensor([len(own) for own in words])
    positions = torch.arange(1, weights.shape[1] + 1, device=weights.device)
    frames = ((weights > 0) * positions).amax(1).cpu()
    nll = functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        torch.cat(words),
        frames,
        lengths,
        blank=BLANK,
        reduction="none",
        zero_infinity=True,
    )
    near = nll.detach() <= FAR * lengths.to(nll.device)
    return (nll * near).sum()
