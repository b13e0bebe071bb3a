"""Traces that are kept: each computed once, the least recently used dropped, whoever asks."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from memory_app.core.cells.lstm.tracer import LSTMTracer
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.inspection.trace_cache import TraceCache
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

MODEL = LanguageModel(ModelConfig(20, 4, 5, 2)).eval()


def make(tokens: int = 10) -> LayeredTrace:
    return LayeredTrace(MODEL, State.zeros(MODEL.config), [1] * tokens)


def never() -> LayeredTrace:
    pytest.fail("it was kept")


def test_what_is_kept_is_not_made_again() -> None:
    cache = TraceCache(1 << 20)
    first = cache.get("a", make)
    assert cache.get("a", never) is first


def test_the_least_recently_used_goes_first_and_the_bound_holds() -> None:
    cache = TraceCache(2 * make().size)
    for key in "ab":
        cache.get(key, make)
    cache.get("a", never)
    cache.get("c", make)
    assert ("a" in cache, "b" in cache, "c" in cache) == (True, False, True)
    assert cache.size <= cache.max_bytes


def test_one_that_is_larger_than_the_bound_is_kept_alone() -> None:
    cache = TraceCache(make().size)
    cache.get("small", make)
    cache.get("large", lambda: make(99))
    assert ("small" in cache, "large" in cache) == (False, True)


def test_many_who_ask_at_once_have_each_layer_computed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = {"gates": 0, "outputs": 0}
    for name in counted:
        plain = getattr(LSTMTracer, name)

        def count(*args: object, name: str = name, plain: object = plain) -> torch.Tensor:
            counted[name] += 1
            return plain(*args)

        monkeypatch.setattr(LSTMTracer, name, count)
    cache = TraceCache(1 << 20)
    with ThreadPoolExecutor(8) as pool:
        layers = list(pool.map(lambda n: cache.get("a", make).layer(n % 2), range(64)))
    assert counted == {"gates": 2, "outputs": 2}
    assert {id(one) for one in layers} == {id(layers[0]), id(layers[1])}
