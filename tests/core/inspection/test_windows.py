"""A very long turn in windows: each shows what the whole trace shows of its tokens."""

import threading

import pytest
import torch
from safetensors.torch import load

from memory_app.core.cells import cell_named
from memory_app.core.inspection import long_trace, trace_queries, windows
from memory_app.core.inspection.next_token import alternatives
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.inspection.windows import Borders, window, window_at, window_count
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

GATES = cell_named("lstm").gate_names

LAYERS, HIDDEN, TOKENS = 2, 9, 43


@pytest.fixture
def small(monkeypatch):
    """Windows of 10 tokens, the last one of at least 4."""
    monkeypatch.setattr(windows, "LONG", 15)
    monkeypatch.setattr(windows, "WINDOW", 10)
    monkeypatch.setattr(windows, "SHORTEST", 4)


@pytest.fixture
def turn():
    torch.manual_seed(5)
    model = LanguageModel(ModelConfig(60, 8, HIDDEN, LAYERS)).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.mul_(6)
    start = State.of_parts(h=torch.rand(LAYERS, 1, HIDDEN), c=3 * torch.randn(LAYERS, 1, HIDDEN))
    return model, start, torch.randint(0, 60, (TOKENS,)).tolist()


def test_windows_hold_every_token_once_and_none_is_short(small):
    for tokens in range(1, 80):
        every = [window(tokens, number + 1) for number in range(window_count(tokens))]
        assert [token for one in every for token in range(one.first, one.stop)] == [*range(tokens)]
        assert all(one.total == tokens and one.count == len(every) for one in every)
        assert len(every) == 1 if tokens <= 15 else every[-1].stop - every[-1].first >= 4
        assert all(one.stop - one.first < 10 + 4 for one in every) or tokens <= 15
        for token in range(tokens):
            assert window_at(tokens, token) in every
            assert window_at(tokens, token).first <= token < window_at(tokens, token).stop
    for number in (0, window_count(TOKENS) + 1, -1):
        with pytest.raises(IndexError):
            window(TOKENS, number)


def test_a_reply_of_512_tokens_lies_whole_in_the_last_window():
    for tokens in range(long_trace.LONG + 1, 4 * long_trace.LONG):
        last = window(tokens, window_count(tokens))
        assert last.stop - last.first >= 512 + 1  # its closing token


@pytest.mark.parametrize("order", [[1, 2, 3, 4], [4, 2, 1, 3]])
def test_a_window_shows_the_columns_of_the_whole(small, turn, order):
    model, start, ids = turn
    whole, borders = LayeredTrace(model, start, ids), Borders(model, start, ids)
    assert window_count(TOKENS) == len(order)
    for number in order:
        place = window(TOKENS, number)
        part = slice(place.first, place.stop)
        trace = trace_queries.trace_of(model, borders.before(number), ids[part])
        for layer in range(LAYERS):
            for gate in GATES:
                torch.testing.assert_close(
                    trace.layer(layer)[gate], whole.layer(layer)[gate][part], atol=1e-5, rtol=1e-5
                )
            for gate in "ifgoh":  # a cell's map has bounds of its own
                mine = load(trace_queries.map_file(trace, layer, gate, {}))["steps"]
                theirs = load(trace_queries.map_file(whole, layer, gate, {}))["steps"][:, part]
                assert int((mine.int() - theirs.int()).abs().max()) <= 1
            assert trace_queries.unit_values(trace, layer, 3)["c"] == pytest.approx(
                trace_queries.unit_values(whole, layer, 3)["c"][part], abs=1e-5
            )
        for token in (place.first, place.stop - 1):
            mine, theirs = alternatives(trace, token - place.first), alternatives(whole, token)
            assert mine.rank == theirs.rank
            assert mine.probability == pytest.approx(theirs.probability, abs=1e-5)


def test_a_border_is_computed_once_whoever_asks(small, turn, monkeypatch):
    model, start, ids = turn
    borders = Borders(model, start, ids)
    fed = []
    replay = model.layers.replay
    monkeypatch.setattr(
        model.layers, "replay", lambda x, parts: fed.append(x.shape[1]) or replay(x, parts)
    )
    threads = [threading.Thread(target=borders.before, args=(number,)) for number in (3, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    borders.before(1)
    assert fed == [10, 10, 10]
    assert borders.known == 4
