"""The n-gram baseline: a distribution, equal to Kneser-Ney written out token by token."""

import random
from collections import Counter

import numpy as np
import pytest

from benchmarks.quality.ngram import NGram

VOCAB, ORDER = 7, 4


@pytest.fixture(scope="module")
def streams() -> list[list[int]]:
    rng = random.Random(2)
    return [[rng.choice((0, 1, 1, 2, 3, 5)) for _ in range(rng.randint(1, 30))] for _ in range(60)]


def slowly(streams: list[list[int]], context: list[int], token: int) -> float:
    """The same formula from plain counts of tuples."""
    grams = {
        n: Counter(tuple(s[k : k + n]) for s in streams for k in range(len(s) - n + 1))
        for n in range(1, ORDER + 1)
    }
    counts: dict[int, Counter] = {ORDER: grams[ORDER]}
    for n in range(1, ORDER):
        counts[n] = Counter(gram[1:] for gram in grams[n + 1])
    p = 1 / VOCAB
    for n in range(1, ORDER + 1):
        if n - 1 > len(context):
            break
        u = tuple(context[len(context) - n + 1 :]) if n > 1 else ()
        here = {gram: c for gram, c in counts[n].items() if gram[:-1] == u}
        total = sum(here.values())
        if not total:
            break
        every = Counter(counts[n].values())
        discount = every[1] / (every[1] + 2 * every[2]) if every[1] else 0.5
        p = max(here.get((*u, token), 0) - discount, 0) / total + discount * len(here) / total * p
    return p


def test_it_equals_the_formula_written_out(streams):
    model = NGram(streams, VOCAB, ORDER)
    text = [1, 1, 2, 0, 5, 3, 3, 6, 1, 4, 1, 2]
    fast = model.probabilities(text)
    for place, token in enumerate(text):
        context = text[max(0, place - ORDER + 1) : place]
        assert fast[place] == pytest.approx(slowly(streams, context, token), rel=1e-9)


def test_a_whole_distribution_is_what_single_tokens_have_and_sums_to_one(streams):
    model = NGram(streams, VOCAB, ORDER)
    for context in ([], [1], [1, 1], [6, 1], [3, 3, 2], [4, 4, 4, 4, 1]):
        whole = model.distribution(context)
        assert whole.sum() == pytest.approx(1)
        single = [model.probabilities([*context, token])[-1] for token in range(VOCAB)]
        assert np.allclose(whole, single)


def test_no_gram_crosses_two_dialogues():
    model = NGram([[1, 2], [3, 4]] * 5, VOCAB, 2)
    apart, together = model.distribution([2])[3], model.distribution([1])[2]
    assert together > 0.5 > apart
