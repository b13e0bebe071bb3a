"""A 5-gram of characters with interpolated Kneser–Ney smoothing (Kneser and Ney 1995).

p(w | context) = max(c(context w) − D, 0) / c(context ·) + λ(context) · p(w | shorter context), with
counts of text at the highest order and of different predecessors below; D = n1 / (n1 + 2 n2) at
each order. The shortest context falls back to equal shares of the vocabulary and the unknown.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

ORDER = 5
END, UNKNOWN = "\x03", "\x1a"
#: A character outside the training texts has the probability 1 / this number.
CODE_POINTS = 2**15


def _before(prime: str) -> list[str]:
    """The symbols before a text: its prime, padded to the length of a context."""
    return [*[""] * (ORDER - 2), f"<{prime}>"]


class FiveGram:
    """Learned from texts, each behind its prime; what it predicts is the text and its end."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self.vocabulary = sorted({char for _, text in texts for char in text} | {END, UNKNOWN})
        self._index = {char: place for place, char in enumerate(self.vocabulary)}
        # Of each order and context: how often each character follows.
        self._follows: list[dict[tuple[str, ...], Counter[str]]] = []
        highest: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for prime, text in texts:
            symbols = self._symbols(prime, text)
            for place in range(ORDER - 1, len(symbols)):
                context = tuple(symbols[place - ORDER + 1 : place])
                highest[context][symbols[place]] += 1
        self._follows = [highest]
        for _ in range(ORDER - 1):
            lower: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
            for context, counts in self._follows[0].items():
                shorter = context[1:]
                for char in counts:
                    lower[shorter][char] += 1
            self._follows.insert(0, lower)
        self._discounts = [self._discount(order) for order in self._follows]

    def _symbols(self, prime: str, text: str) -> list[str]:
        return [*_before(prime), *(char if char in self._index else UNKNOWN for char in text), END]

    @staticmethod
    def _discount(order: dict[tuple[str, ...], Counter[str]]) -> float:
        seen = Counter(n for counts in order.values() for n in counts.values())
        return seen[1] / (seen[1] + 2 * seen[2]) if seen[1] else 0.5

    def distribution(self, context: Sequence[str]) -> np.ndarray:
        """Probability of each character behind the last ORDER − 1 symbols: float64 [V]."""
        p = np.full(len(self.vocabulary), 1 / len(self.vocabulary))
        for length, (order, discount) in enumerate(
            zip(self._follows, self._discounts, strict=True)
        ):
            counts = order.get(tuple(context[len(context) - length :]))
            if counts is None:
                continue
            total = counts.total()
            p = p * (discount * len(counts) / total)
            for char, n in counts.items():
                p[self._index[char]] += (n - discount) / total
        return p

    def bits(self, prime: str, text: str) -> float:
        """−log2 of a text's probability, its end included, given its prime."""
        symbols, total = self._symbols(prime, text), 0.0
        for place in range(ORDER - 1, len(symbols)):
            p = self.distribution(symbols[place - ORDER + 1 : place])
            total -= math.log2(p[self._index[symbols[place]]])
            if symbols[place] == UNKNOWN:
                total += math.log2(CODE_POINTS)
        return total

    def write(self, prime: str, seed: int, temperature: float, top_p: float, most: int) -> str:
        """A text drawn behind a prime, as the model's are: nucleus of p at this temperature."""
        rng, symbols = random.Random(seed), _before(prime)
        while len(symbols) < most + ORDER - 1:
            p = self.distribution(symbols[-ORDER + 1 :]) ** (1 / temperature)
            p[self._index[UNKNOWN]] = 0
            order = np.argsort(-p)
            shares = np.cumsum(p[order]) / p.sum()
            kept = order[: int(np.searchsorted(shares, top_p)) + 1]
            (char,) = rng.choices(kept.tolist(), p[kept].tolist())
            if self.vocabulary[char] == END:
                break
            symbols.append(self.vocabulary[char])
        return "".join(symbols[ORDER - 1 :])
