import math

import pytest
import torch

from memory_app.core.sampling.batched import Sampler
from memory_app.core.sampling.settings import Sampling, sample

pytestmark = pytest.mark.slow

USER, BOT, END = 0, 1, 2
SETTINGS = [
    {},
    {"temperature": 0},
    {"top_p": 1, "repetition_penalty": 1},
    {"top_p": 0.1},
    {"top_p": 0.5, "min_p": 0.05},
    {"min_p": 0.3, "top_p": 1},
    {"top_k": 5, "top_p": 0.6},
    {"top_k": 1000, "temperature": 2},
    {"top_k": 1},
    {"temperature": 0.01},
    {"temperature": 1e-9},
    {"min_tokens": 6, "temperature": 1.5},
    {"min_tokens": 6, "temperature": 0},
    {"repetition_penalty": 2, "temperature": 1.3},
]


def _sampler(capacity):
    return Sampler(capacity, end_id=END, banned=(USER, BOT))


def _logits(n, vocab, seed=0):
    logits = 3 * torch.randn(n, vocab, generator=torch.Generator().manual_seed(seed))
    logits[:, USER] = 8.0  # what is banned would win if it could
    logits[:, END] += 3.0
    return logits


@pytest.mark.parametrize("vocab", [64, 100, 640])
def test_the_batched_choice_is_the_plain_one_for_every_setting(vocab):
    settings = [Sampling(seed=seed, **SETTINGS[seed % len(SETTINGS)]) for seed in range(42)]
    sampler, replies = _sampler(64), [[] for _ in settings]
    for row, sampling in enumerate(settings):
        sampler.put(row, sampling)
    for step in range(12):
        logits = _logits(len(settings), vocab, step)
        ids, logprobs = sampler.sample(logits.clone(), len(settings))
        for row, sampling in enumerate(settings):
            expected, logprob = sample(
                logits[row], sampling, replies[row], end_id=END, banned=(USER, BOT)
            )
            assert int(ids[row]) == expected, SETTINGS[row % len(SETTINGS)]
            assert float(logprobs[row]) == pytest.approx(logprob, abs=1e-5)
            replies[row].append(expected)


def test_the_logits_given_are_left_as_they_were():
    sampler, logits = _sampler(1), _logits(1, 100)
    sampler.put(0, Sampling(seed=1))
    before = logits.clone()
    sampler.sample(logits, 1)
    assert torch.equal(logits, before)


def test_a_draw_depends_neither_on_the_row_nor_on_who_shares_the_batch():
    logits = _logits(1, 100)
    alone, crowd = _sampler(1), _sampler(8)
    alone.put(0, Sampling(seed=77))
    for row in range(8):
        crowd.put(row, Sampling(seed=row, top_p=0.3, top_k=9, temperature=1.7))
    crowd.put(5, Sampling(seed=77))
    for step in range(20):
        if step == 7:
            crowd.move(5, 2)
        expected = alone.sample(logits, 1)[0][0]
        assert crowd.sample(logits.repeat(8, 1), 8)[0][5 if step < 7 else 2] == expected


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"top_p": 1}, 5),
        ({"top_p": 0.85}, 3),  # 0.4 + 0.3 is under 0.85, with the third it is reached
        ({"top_p": 0.3}, 1),
        ({"min_p": 0.3, "top_p": 1}, 3),
        ({"top_k": 2, "top_p": 1}, 2),
        ({"top_k": 2, "top_p": 0.5}, 1),  # 0.4 of 0.7 is over a half
    ],
)
def test_the_shares_drawn_are_those_of_the_cut_distribution(settings, kept):
    p = torch.tensor([0.4, 0.3, 0.16, 0.09, 0.05])
    logits = torch.full((64, 70), -math.inf)
    logits[:, 10:15] = p.log()
    counts = torch.zeros(70)
    for start in range(0, 3200, 64):
        sampler = _sampler(64)
        for row in range(64):
            sampler.put(
                row,
                Sampling(seed=start + row, temperature=1, repetition_penalty=1, **settings),
            )
        ids, _ = sampler.sample(logits, 64)
        counts += torch.bincount(ids, minlength=70)
    expected = torch.zeros(70)
    expected[10 : 10 + kept] = p[:kept] / p[:kept].sum()
    assert (counts / 3200 - expected).abs().max() < 0.03
    assert torch.equal(counts > 0, expected > 0)


def test_the_penalty_is_over_the_replys_own_tokens_and_each_counts_once():
    sampling = Sampling(seed=3, temperature=1, top_p=1e-6, repetition_penalty=2)
    logits = torch.full((1, 64), -5.0)
    logits[0, 10], logits[0, 11], logits[0, 12] = 4.0, 2.5, -1.0
    sampler = _sampler(1)
    sampler.put(0, sampling)
    chosen = [int(sampler.sample(logits, 1)[0]) for _ in range(4)]
    # 10 falls to 2 and 11 wins; 11 falls to 1.25 and 10 wins again; no further halving.
    assert chosen == [10, 11, 10, 10]


def test_a_greedy_reply_is_the_argmax_whatever_else_was_set():
    logits = _logits(1, 100)
    sampler = _sampler(1)
    sampler.put(0, Sampling(seed=3, temperature=0, repetition_penalty=2, top_k=3, min_p=0.9))
    allowed = logits[0].clone()
    allowed[[USER, BOT]] = -math.inf
    assert {int(sampler.sample(logits, 1)[0]) for _ in range(5)} == {int(allowed.argmax())}


def test_a_row_that_is_taken_again_remembers_nothing():
    logits = _logits(1, 100)
    used, fresh = _sampler(1), _sampler(1)
    used.put(0, Sampling(seed=4, repetition_penalty=2))
    for _ in range(30):
        used.sample(logits, 1)
    for sampler in (used, fresh):
        sampler.put(0, Sampling(seed=9, repetition_penalty=2))
    for _ in range(10):
        assert torch.equal(used.sample(logits, 1)[0], fresh.sample(logits, 1)[0])


def test_a_reply_of_512_tokens_and_one_step_more_has_its_draws():
    sampler, logits = _sampler(1), _logits(1, 100)
    sampler.put(0, Sampling(seed=4, max_tokens=512))
    for _ in range(514):
        sampler.sample(logits, 1)


def test_values_that_are_not_finite_show_in_the_logprob():
    sampler = _sampler(2)
    sampler.put(0, Sampling(seed=1))
    sampler.put(1, Sampling(seed=1))
    logits = _logits(2, 100)
    logits[0, 50] = math.nan
    _, logprobs = sampler.sample(logits, 2)
    assert [bool(math.isfinite(value)) for value in logprobs.tolist()] == [False, True]
