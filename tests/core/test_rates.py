"""Token buckets by numbers alone."""

import pytest

from memory_app.core.rates import BadRate, Rate, parse_rate, parse_rates

SCOPES = ("guest", "all")


def test_a_rate_is_written_as_it_is_read():
    for text in ("1/s", "60/h", "5/m", "20000/d"):
        assert str(parse_rate(text)) == text
    assert parse_rates("guest=60/h  all=9/s", SCOPES) == {
        "guest": Rate(60, 3600),
        "all": Rate(9, 1),
    }
    assert parse_rates("off", SCOPES) == parse_rates("", SCOPES) == {}


@pytest.mark.parametrize("text", ["", "60", "0/h", "-1/h", "1/w", "1.5/h", "1/h2", "１/h"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(BadRate):
        parse_rate(text)


def test_it_fills_evenly_and_never_above_its_amount():
    rate = Rate(60, 3600)
    assert rate.level(0, 60) == 1
    assert rate.level(0, 1800) == 30
    assert rate.level(59.5, 10_000) == 60
    assert rate.level(-30, 1800) == 0  # a debt is paid first
    assert rate.level(10, -50) == 10  # a clock that was set back fills and takes nothing


def test_how_long_to_wait():
    rate = Rate(60, 3600)
    assert rate.wait(60, 1) == 0
    assert rate.wait(0, 1) == 60
    assert rate.wait(-10, 1) == 660
    # More than fits is let in by a full bucket, and leaves a debt.
    assert rate.wait(60, 500) == 0
    assert rate.wait(0, 500) == 3600
    # A cost of nothing still needs an account that is not in debt.
    assert rate.wait(-1, 0) == 120
