"""BLEU of a whole corpus, counted as sacrebleu counts it (Post 2018), which a test compares.

Papineni et al. 2002: the geometric mean of the precisions of word n-grams, n to 4, times a penalty
for brevity; an order without a match counts as half a match, then a quarter … (smoothing "exp").
Words are those of WMT's script mteval-v13a; a Chinese sentence's words are its characters.
"""

from __future__ import annotations

import re
from collections import Counter

import torch
from torch import Tensor

ORDER = 4
#: Counts of one sentence: words of output and reference, then matches and n-grams of each order.
COUNTS = 2 + 2 * ORDER
_V13A = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
#: Signs that are words of their own in Chinese, as sacrebleu's tokenizer has them: from “ to ⩭, the
#: scripts of East Asia, and what is full width.
_ALONE = re.compile(
    "([\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u4db5"
    "\u4e00-\u9fbb\uf900-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef])"
)


def _words(text: str) -> list[str]:
    for pattern, parted in _V13A:
        text = pattern.sub(parted, text)
    return text.split()


def english_words(text: str) -> list[str]:
    """As mteval-v13a parts them."""
    for entity, sign in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(entity, sign)
    return _words(f" {text} ")


def chinese_words(text: str) -> list[str]:
    """Characters of Chinese one by one; what is between them as in English."""
    return _words(_ALONE.sub(r" \1 ", text.strip()))


def _ngrams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def bleu_counts(output: list[str], reference: list[str]) -> list[int]:
    """COUNTS numbers of one sentence, given by its words; a corpus's are their sums."""
    counts = [len(output), len(reference)]
    for n in range(1, ORDER + 1):
        ours = _ngrams(output, n)
        counts += [sum((ours & _ngrams(reference, n)).values()), sum(ours.values())]
    return counts


def bleu(counts: Tensor) -> Tensor:
    """Summed counts [..., COUNTS] → BLEU in percent, float64 [...]."""
    counts = counts.double()
    ours, theirs = counts[..., 0], counts[..., 1]
    matches, total = counts[..., 2:].unflatten(-1, (ORDER, 2)).unbind(-1)
    missed = (matches == 0) & (total > 0)
    smoothed = torch.where(missed, 0.5 ** missed.cumsum(-1), matches)
    precision = smoothed / total.clamp(min=1)
    mean = precision.clamp(min=1e-300).log().mean(-1).exp()
    brevity = torch.where(ours < theirs, (1 - theirs / ours.clamp(min=1e-9)).exp(), 1.0)
    none = (matches[..., 0] == 0) | (total == 0).any(-1)
    return torch.where(none, torch.zeros_like(mean), 100 * brevity * mean)
