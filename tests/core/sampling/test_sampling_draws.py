import torch
from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.sampling.settings import DRAWS, MAX_SEED, MAX_TOKENS, is_loop, uniforms

MASK = 2**64 - 1


def _mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


@given(st.integers(0, MAX_SEED))
def test_draws_are_splitmix64_in_plain_python_too(seed):
    draws = uniforms(seed)
    assert draws.shape == (MAX_TOKENS + 1, DRAWS)
    for k in (0, 1, DRAWS, draws.numel() - 1):
        expected = (_mix((_mix(seed) + (k + 1) * 0x9E3779B97F4A7C15) & MASK) >> 40) / 2**24
        assert float(draws.flatten()[k]) == expected


def test_draws_fill_the_unit_interval_evenly():
    draws = torch.stack([uniforms(seed) for seed in range(200)]).flatten()
    assert float(draws.min()) >= 0
    assert float(draws.max()) < 1
    shares = torch.histc(draws, bins=20, min=0, max=1) / draws.numel()
    assert (shares - 0.05).abs().max() < 0.002


def test_seeds_that_differ_only_above_32_bits_draw_differently():
    assert not torch.equal(uniforms(5), uniforms(5 + 2**32))


@given(
    st.lists(st.integers(0, 50), max_size=60),
    st.lists(st.integers(0, 50), min_size=1, max_size=32),
    st.integers(0, 31),
)
def test_a_tail_that_says_the_same_thing_over_and_over_is_a_loop(before, period, more):
    repeated = (period * 60)[: max(24, 3 * len(period)) + more]
    assert is_loop(before + repeated)


@given(st.lists(st.integers(0, 3), max_size=120))
def test_a_loop_is_a_tail_of_24_tokens_or_3_periods_that_repeats(ids):
    def repeats(p):
        needed = max(24, 3 * p)
        tail = ids[-needed:]
        return len(tail) == needed and all(a == b for a, b in zip(tail, tail[p:], strict=False))

    assert is_loop(ids) == any(repeats(p) for p in range(1, 33))


def test_what_repeats_for_a_moment_or_counts_is_no_loop():
    assert not is_loop([])
    assert not is_loop([5] * 23)
    assert not is_loop(list(range(500)))
    assert not is_loop([1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 2 + [1, 2, 3, 4])
    assert not is_loop([7] * 30 + [8])
