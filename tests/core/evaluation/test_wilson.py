"""How sure shares and their differences are, by published figures."""

import pytest

from memory_app.core.evaluation.wilson import newcombe


@pytest.mark.parametrize(
    ("pair", "interval"),
    [
        # Newcombe (1998), table II, method 10.
        ((56 / 70, 70, 48 / 80, 80), (0.0524, 0.3339)),
        ((9 / 10, 10, 3 / 10, 10), (0.1705, 0.8090)),
        ((5 / 56, 56, 0 / 29, 29), (-0.0381, 0.1926)),
        ((10 / 10, 10, 0 / 10, 10), (0.6075, 1.0)),
    ],
)
def test_the_interval_of_a_difference_is_newcombes(pair, interval):
    assert newcombe(*pair) == pytest.approx(interval, abs=5e-5)
