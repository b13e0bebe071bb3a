"""The loss of frames that have targets of their own and, together, a sequence of words.

Connectionist temporal classification (Graves et al. 2006) sums over all ways in which the words may
lie along the frames. Alone it learns nothing for long; beside each frame's own target it does.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Mean nats a frame: below the first the words' order begins to count, below the second fully.
UNKNOWN, KNOWN = 1.0, 0.5
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
    with its last weight above 0. A row that is shorter than its words counts 0.
    """
    words = words_along(targets)
    lengths = torch.tensor([len(own) for own in words])
    positions = torch.arange(1, weights.shape[1] + 1, device=weights.device)
    frames = ((weights > 0) * positions).amax(1).cpu()
    return functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        torch.cat(words),
        frames,
        lengths,
        blank=BLANK,
        reduction="sum",
        zero_infinity=True,
    )


def sequence_share(frame_nll: float) -> float:
    """How much the words' order counts, 0 to 1, at this mean NLL of a frame.

    While sounds aren't told apart, the sum over all alignments is largest without any word, and
    the network would learn to say none.
    """
    return min(1.0, max(0.0, (UNKNOWN - frame_nll) / (UNKNOWN - KNOWN)))
