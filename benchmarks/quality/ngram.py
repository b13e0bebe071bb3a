"""An n-gram model with interpolated Kneser-Ney smoothing, over the checkpoint's own pieces.

p_n(w | u) = max(c(uw) - D, 0) / c(u·) + D · N(u·) / c(u·) · p_{n-1}(w | u'), where c counts
occurrences for the longest grams and different left neighbours for shorter ones, N(u·) counts
different followers, D = n1 / (n1 + 2 n2) (Ney, Essen and Kneser 1994; Chen and Goodman 1999).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory_app.core.evaluation.perplexity import Dialogue, Likelihood, scored_row
from memory_app.core.text.tokenizer import Tokenizer

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Order:
    """All grams of one length: keys (gram of the first n-1 tokens · vocab + last), sorted."""

    keys: Ints
    counts: Floats
    totals: Floats  # of each context: sum of its followers' counts
    followers: Floats  # of each context: how many different followers
    discount: float


class NGram:
    """Learned once from token streams; `streams` are dialogues, no gram crosses two of them."""

    def __init__(self, streams: Sequence[Sequence[int]], vocab_size: int, order: int = 5) -> None:
        self.vocab_size, self.order = vocab_size, order
        ids = np.concatenate([np.asarray(s, dtype=np.int64) for s in streams])
        ends = np.cumsum([len(s) for s in streams])
        room = np.repeat(ends, [len(s) for s in streams]) - np.arange(len(ids))  # tokens to its end
        codes, keys, counts = [ids], [np.arange(vocab_size, dtype=np.int64)], []
        counts.append(np.bincount(ids, minlength=vocab_size).astype(np.float64))
        for n in range(2, order + 1):
            fits = room >= n
            packed = codes[-1][: len(ids) - n + 1] * vocab_size + ids[n - 1 :]
            fits = fits[: len(packed)]
            unique, inverse, count = np.unique(
                packed[fits], return_inverse=True, return_counts=True
            )
            code = np.full(len(packed), -1, dtype=np.int64)
            code[fits] = inverse
            codes.append(code)
            keys.append(unique)
            counts.append(count.astype(np.float64))
        # Shorter grams count their different left neighbours.
        for n in range(order - 1, 0, -1):
            longer = codes[n]  # codes of grams of n + 1 tokens by position
            at = np.flatnonzero(longer >= 0)
            _, first = np.unique(longer[at], return_index=True)
            suffix = codes[n - 1][at[first] + 1]
            counts[n - 1] = np.bincount(suffix, minlength=len(keys[n - 1])).astype(np.float64)
        self._orders = [
            self._order(keys[n], counts[n], len(keys[n - 1]) if n else 1) for n in range(order)
        ]

    def _order(self, keys: Ints, counts: Floats, contexts: int) -> _Order:
        context = keys // self.vocab_size if contexts > 1 else np.zeros_like(keys)
        seen = counts > 0
        once, twice = float((counts == 1).sum()), float((counts == 2).sum())
        return _Order(
            keys,
            counts,
            np.bincount(context, weights=counts, minlength=contexts).astype(np.float64),
            np.bincount(context[seen], minlength=contexts).astype(np.float64),
            once / (once + 2 * twice) if once else 0.5,
        )

    def _codes(self, ids: Ints) -> list[Ints]:
        """For each n, at each place the index of the gram that begins there, or -1."""
        codes = [ids]
        for n in range(2, self.order + 1):
            before = codes[-1][: max(0, len(ids) - n + 1)]
            packed = before * self.vocab_size + ids[n - 1 :]
            keys = self._orders[n - 1].keys
            place = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
            found = (before >= 0) & (keys[place] == packed)
            codes.append(np.where(found, place, -1))
        return codes

    def probabilities(self, ids: Sequence[int]) -> Floats:
        """p of each token given the up to n-1 before it, [T]."""
        tokens = np.asarray(ids, dtype=np.int64)
        codes = self._codes(tokens)
        p = np.full(len(tokens), 1 / self.vocab_size)
        for n, order in enumerate(self._orders, start=1):
            gram = codes[n - 1]
            context = np.zeros_like(gram) if n == 1 else codes[n - 2][: len(gram)]
            known = context >= 0
            total = np.where(known, order.totals[context], 0)
            use = total > 0
            count = np.where(gram >= 0, order.counts[gram], 0)
            safe = np.where(use, total, 1)
            own = np.maximum(count - order.discount, 0) / safe
            left = order.discount * order.followers[context] / safe
            at = np.arange(len(gram)) + n - 1
            p[at] = np.where(use, own + left * p[at], p[at])
        return p

    def distribution(self, before: Sequence[int]) -> Floats:
        """p of every token after `before`, [vocab]."""
        last = list(before[-(self.order - 1) :]) if self.order > 1 else []
        p = np.full(self.vocab_size, 1 / self.vocab_size)
        for n, order in enumerate(self._orders[: len(last) + 1], start=1):
            context = self._context(last[len(last) - n + 1 :]) if n > 1 else 0
            if context < 0 or not order.totals[context]:
                break
            low = context * self.vocab_size
            first, stop = np.searchsorted(order.keys, [low, low + self.vocab_size])
            total = order.totals[context]
            p = order.discount * order.followers[context] / total * p
            token = order.keys[first:stop] - low
            p[token] += np.maximum(order.counts[first:stop] - order.discount, 0) / total
        return p

    def _context(self, tokens: Sequence[int]) -> int:
        code = int(tokens[0])
        for n, token in enumerate(tokens[1:], start=1):
            keys = self._orders[n].keys
            key = code * self.vocab_size + int(token)
            place = int(np.searchsorted(keys, key))
            if place == len(keys) or keys[place] != key:
                return -1
            code = place
        return code


def ngram_likelihood(
    model: NGram, tokenizer: Tokenizer, dialogues: Iterable[Dialogue]
) -> Likelihood:
    """The same sums as of a model with a state: nats over R and its final <|end|>."""
    total = Likelihood()
    for dialogue in dialogues:
        row = scored_row(tokenizer, dialogue)
        if not row.ids:
            continue
        p = model.probabilities(row.ids)[np.asarray(row.scored)]
        total.add(Likelihood(-float(np.log(p).sum()), len(p), row.bytes))
    return total


def greedy_ids(
    model: NGram, tokenizer: Tokenizer, prompt: Sequence[int], most: int = 40
) -> list[int]:
    """The likeliest token again and again, up to <|end|>."""
    ids = list(prompt)
    for _ in range(most):
        p = model.distribution(ids)
        p[[tokenizer.user_id, tokenizer.bot_id]] = -math.inf
        token = int(p.argmax())
        if token == tokenizer.end_id:
            break
        ids.append(token)
    return ids[len(prompt) :]
