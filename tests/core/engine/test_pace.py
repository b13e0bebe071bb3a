"""The pace at which a model reads is that of the call which feeds prompts."""

import pytest

from memory_app.core.engine import prefill_rate
from memory_app.core.engine.model_runner import ModelRunner


@pytest.mark.parametrize(("slice_length", "fed_length"), [(40, 40), (100_000, 256)])
def test_the_pace_is_the_quickest_slices_time_over_its_tokens(
    model, monkeypatch, slice_length, fed_length
):
    """Of a small model, whose slices are long, a part of one is enough."""
    runner = ModelRunner(model)
    runner.slice_length = slice_length
    now = 100.0
    takes = iter([9.0, 0.5, 0.3, 0.2, 0.4, 0.6])  # the first one only warms up
    fed = []
    feed = ModelRunner.feed

    def feed_slowly(self, ids, state):
        nonlocal now
        now += next(takes)
        fed.append(tuple(ids.shape))
        return feed(self, ids, state)

    monkeypatch.setattr(ModelRunner, "feed", feed_slowly)
    monkeypatch.setattr(prefill_rate.time, "perf_counter", lambda: now)
    assert prefill_rate.reading_pace(runner) == pytest.approx(0.2 / fed_length)
    assert fed == [(1, fed_length)] * 6
