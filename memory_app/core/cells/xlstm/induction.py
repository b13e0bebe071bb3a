"""A block begun as an induction head: it looks for what came after the words just read.

A matrix memory that begins at random learns its addresses only after millions of tokens, and
beside language hardly at all. Begun so, it gives back what followed the same words before
(Olsson et al. 2022, arXiv 2209.11895, name the head that large attention models learn for it),
and training goes on to better addresses from there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.cells.xlstm.block import MatrixBlock
from memory_app.core.cells.xlstm.blocks import ADDRESS_TOKENS

#: How much the last words count in an address, the latest first.
WORD_SHARES = (0.7, 1.0, 0.8)
#: Of the mean variance of an input, added to every direction before whitening.
RIDGE = 0.4
#: Logit that a token read with weight 1 adds to itself, the mean of all tokens.
LOGIT = 60.0
#: log i is 0 for a token with this share of all tokens or less, and falls with the share's
#: logarithm by `COMMON_FALL` down to `COMMON_LEAST`: what is told is told by rare words, and common
#: ones would write over it.
RARE, COMMON_FALL, COMMON_LEAST = 2e-4, 0.5, -3.0
FORGET_BIASES = (7.0, 9.0)


def begin_as_induction(
    block: MatrixBlock, embedding: Tensor, frequencies: Tensor, generator: torch.Generator
) -> None:
    """Set the parameters of a block, in place.

    embedding [vocab, embed], frequencies [vocab] > 0: how often each token comes. The block's
    `width` must be at least, and its units (`values`) at most, the embedding's width.

    Its inputs are the embedding whitened by the tokens' frequencies, so that rare words weigh more
    in an address than common ones; the value is the token, the output its row of the (tied) head.
    """
    sizes = block.sizes
    embed = embedding.shape[1]
    hidden = block.norm_h.weight.shape[0]
    first = sizes.width - embed  # the inputs from there on are those of the embedding
    if first < 0 or sizes.values > embed:
        raise ValueError("An induction block is as wide as the embedding and has no more units.")
    share = (frequencies / frequencies.sum()).to(embedding)
    with torch.no_grad():
        inputs = block.norm_r(embedding)
        mean = share @ inputs
        centred = inputs - mean
        covariance = (centred.T * share) @ centred
        covariance += RIDGE * torch.eye(embed, device=embedding.device) * inputs.square().mean()
        eigenvalues, vectors = torch.linalg.eigh(covariance)
        whiten = vectors @ torch.diag(eigenvalues.rsqrt()) @ vectors.T
        block.mix.weight[first:, :hidden] = 0
        block.mix.weight[first:, hidden:] = whiten
        block.mix.bias.zero_()
        block.mix.bias[first:] = -whiten @ mean

        block.address.weight.zero_()
        block.own_key.weight.zero_()
        words = block.address.weight.view(sizes.keys, ADDRESS_TOKENS, sizes.width)
        for back, weight in enumerate(WORD_SHARES):
            drawn = torch.randn(sizes.keys, embed, generator=generator) * weight / embed**0.5
            words[:, ADDRESS_TOKENS - 1 - back, first:] = drawn.to(embedding)

        drawn = torch.randn(embed, embed, generator=generator)  # on the CPU, as the generator is
        turn = torch.linalg.qr(drawn).Q[: sizes.values].to(embedding)
        block.value.weight.zero_()
        block.value.weight[:, first:] = turn
        block.output_gate.weight.zero_()
        block.output_gate.bias.zero_()
        block.gates.weight.zero_()
        wanted = (COMMON_FALL * (RARE / share).log()).clamp(COMMON_LEAST, 0)
        log_i = (centred @ whiten) * share.unsqueeze(1)  # [vocab, embed], weighed
        square = log_i.T @ (centred @ whiten) + 1e-3 * torch.eye(embed, device=embedding.device)
        average = share @ wanted
        block.gates.weight[: sizes.heads, first:] = torch.linalg.solve(
            square, log_i.T @ (wanted - average)
        )
        block.gates.bias[: sizes.heads] = average
        block.gates.bias[sizes.heads :] = torch.linspace(*FORGET_BIASES, sizes.heads)
        # Back through the whitening, and once more by it: the head's rows are not orthogonal, and
        # a common direction of all of them would be read out as a common word.
        output = whiten @ turn.T
        written = (centred @ whiten) @ turn.T
        own = (embedding * (written / 2 @ output.T)).sum(1)  # the output gate begins at one half
        block.output.weight.copy_(output * (LOGIT / own.mean()))
