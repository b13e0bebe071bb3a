"""chrF: F₂ of character n-grams, n to 6, whitespace left out, of a whole corpus.

Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation", counted as sacrebleu
counts it (Post 2018), which a test compares.
"""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor

ORDER, BETA = 6, 2.0
#: Counts of one sentence: n-grams of the output, of the reference, and those that they share.
COUNTS = 3 * ORDER


def _ngrams(text: str, n: int) -> Counter[str]:
    return Counter(text[start : start + n] for start in range(len(text) - n + 1))


def chrf_counts(output: str, reference: str) -> list[int]:
    """COUNTS numbers of one sentence; a corpus's are their sums."""
    output, reference = "".join(output.split()), "".join(reference.split())
    counts = []
    for n in range(1, ORDER + 1):
        ours, theirs = _ngrams(output, n), _ngrams(reference, n)
        # An order that the reference has no n-gram of counts for neither.
        shared = sum((ours & theirs).values())
        counts += [sum(ours.values()) if theirs else 0, sum(theirs.values()), shared]
    return counts


def chrf(counts: Tensor) -> Tensor:
    """Summed counts [..., COUNTS] → chrF in percent, float64 [...]."""
    ours, theirs, shared = counts.double().unflatten(-1, (ORDER, 3)).unbind(-1)
    known = (ours > 0) & (theirs > 0)
    precision = torch.where(known, shared / ours.clamp(min=1), torch.zeros_like(shared))
    recall = torch.where(known, shared / theirs.clamp(min=1), torch.zeros_like(shared))
    orders = known.sum(-1).clamp(min=1)
    mean_precision, mean_recall = precision.sum(-1) / orders, recall.sum(-1) / orders
    weight = BETA**2
    below = weight * mean_precision + mean_recall
    score = (1 + weight) * mean_precision * mean_recall / below.clamp(min=1e-16)
    return 100 * score
