"""A memory's ledger equals the sum written out token by token, and accounts for all of it."""

import pytest
import torch

from memory_app.core.inspection.ledger import layer_ledger
from memory_app.core.inspection.state_edits import blended, edited
from memory_app.core.inspection.trace_queries import trace_of
from memory_app.core.inspection.turn_writes import (
    Change,
    Kept,
    layer_change,
    several_writes,
    turn_writes,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from tests.core.cells.test_xlstm import LSTM, mlstm, random_model, random_state

TURNS = [[5, 9, 30, 7], [7, 41, 2], [3, 3, 8, 50, 11, 6]]


def lstm_model(layers: int = 2, scale: float = 3.0) -> LanguageModel:
    torch.manual_seed(5)
    model = LanguageModel(ModelConfig(60, 8, 12, layers)).eval().requires_grad_(False)
    for parameter in model.layers.parameters():
        parameter.mul_(scale)
    return model


def a_state(model: LanguageModel) -> State:
    torch.manual_seed(6)
    return random_state(model.config)


def entries(model: LanguageModel, state: State, layer: int) -> torch.Tensor:
    parts = {name: part[0] for name, part in state.layers[layer].items()}
    return model.cell.memory_entries(model.config, layer, parts)


def ledgers(model: LanguageModel, start: State, turns: list[list[int]]):
    """Each layer's ledger of consecutive turns."""
    changes: list[list[Change]] = [[] for _ in range(model.config.num_layers)]
    state = start
    for ids in turns:
        after = replay(model, state, ids)
        kept, _ = turn_writes(trace_of(model, state, ids), [])
        for layer, own in enumerate(changes):
            own.append(layer_change(model.config, layer, kept, state, after))
        state = after
    return [
        layer_ledger(entries(model, start, layer), own, entries(model, state, layer))
        for layer, own in enumerate(changes)
    ]


def slow_shares(model: LanguageModel, start: State, turns: list[list[int]], layer: int):
    """By the definition: each turn's writes carried from token to token, each on its own."""
    matrix = model.config.memory_of(layer).matrix
    sums = [entries(model, start, layer)]
    state = start
    for ids in turns:
        sums.append(torch.zeros_like(sums[0]))
        for token in ids:
            step = model.step(torch.tensor([token]), state)
            state = step.state
            gates = {name: value[0].double() for name, value in step.gates[layer].items()}
            if matrix:
                heads, key, value = sums[0].shape
                f = gates["f"].view(heads, 1, 1)
                k = gates["k"].view(heads, key, 1)
                written = gates["i"].view(heads, 1, 1) * k * gates["v"].view(heads, 1, value)
            else:
                f, written = gates["f"], gates["i"] * gates["g"]
            sums = [f * part for part in sums]
            sums[-1] = sums[-1] + written
    amounts = torch.stack([part.abs().sum() for part in sums])
    assert (sum(sums) - entries(model, state, layer)).abs().max() < 1e-4
    return (amounts / amounts.sum()).tolist()


@pytest.mark.parametrize("blank", [True, False])
@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_the_shares_are_those_of_the_sum_written_out(cell: str, blank: bool) -> None:
    model = lstm_model() if cell == "lstm" else random_model([LSTM, mlstm(), mlstm(3)])
    start = State.zeros(model.config) if blank else a_state(model)
    for layer, ledger in enumerate(ledgers(model, start, TURNS)):
        slow = slow_shares(model, start, TURNS, layer)
        assert [ledger.start, *ledger.shares] == pytest.approx(slow, abs=1e-6)
        assert sum([ledger.start, *ledger.shares]) == pytest.approx(1)
        assert ledger.residual < 1e-10
        assert ledger.rounding < 1e-4
        assert (ledger.start == 0) is blank


def test_the_history_is_each_earlier_ledger() -> None:
    model = lstm_model()
    start = a_state(model)
    history = ledgers(model, start, TURNS)[1].history
    for turns in (1, 2, 3):
        own = ledgers(model, start, TURNS[:turns])[1]
        assert history[turns - 1] == pytest.approx(own.shares, abs=1e-12)


def test_a_chat_of_ten_thousand_tokens_is_accounted_for() -> None:
    model = lstm_model(scale=1.5)
    # Forget gates near 1, so that much of what was written long ago is left.
    model.layers.open_forget_gates(5.0)
    torch.manual_seed(8)
    turns = torch.randint(0, 60, (250, 40)).tolist()
    for ledger in ledgers(model, State.zeros(model.config), turns):
        assert ledger.residual <= 1e-5
        assert sum(ledger.shares) == pytest.approx(1)
        assert ledger.shares[-1] < 0.5


def test_a_long_turn_in_pieces_is_the_turn_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model([LSTM, mlstm()])
    start = a_state(model)
    ids = torch.randint(0, 60, (30,)).tolist()
    whole, _ = turn_writes(trace_of(model, start, ids), [])
    monkeypatch.setattr("memory_app.core.inspection.turn_writes.CHUNK", 7)
    pieces, writes = turn_writes(trace_of(model, start, ids), [0, 1])
    assert whole.layers is not None
    assert pieces.layers is not None
    for ours, theirs in zip(pieces.layers, whole.layers, strict=True):
        for tensor, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(tensor, other, atol=1e-6, rtol=1e-5)
    assert [piece.tokens for piece in writes.layers[1]] == [7, 7, 7, 7, 2]


@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_an_edit_is_booked_to_itself_where_it_changed_something(cell: str) -> None:
    model = lstm_model() if cell == "lstm" else random_model([LSTM, mlstm()])
    layer, start = 1, a_state(model)
    part = model.config.memory_of(layer).part
    change_to = {"set": [[part, layer, 0, 2.5]]}
    blank = edited(State.zeros(model.config), change_to, model.config)
    after = edited(start, change_to, model.config)
    change = layer_change(model.config, layer, Kept(None), start, after, blank)
    assert change.kept[0] == 0
    assert change.kept[1:].tolist() == pytest.approx([1] * (len(change.kept) - 1))
    ledger = layer_ledger(entries(model, start, layer), [change], entries(model, after, layer))
    assert ledger.residual == 0
    assert 0 < ledger.shares[0] < 1


@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_a_scaled_or_blended_memory_keeps_its_turns(cell: str) -> None:
    model = lstm_model() if cell == "lstm" else random_model([LSTM, mlstm()])
    layer, start, blank = 1, a_state(model), State.zeros(model.config)
    part = model.config.memory_of(layer).part
    place = [[part, layer, None]]
    halved = edited(start, {"scale": [[part, layer, None, 0.5]]}, model.config)
    change = layer_change(model.config, layer, Kept(None), start, halved, blank)
    assert change.kept.tolist() == pytest.approx([0.5] * len(change.kept))
    assert float(change.written.abs().max()) < 1e-6
    other = random_state(model.config)
    if cell == "xlstm":  # or the blend is of matrices at two scales
        other.layers[layer]["m"].copy_(start.layers[layer]["m"])
    mixed = blended(start, other, place, 0.25, model.config)
    given = blended(blank, other, place, 0.25, model.config)
    if cell == "xlstm":
        given.layers[layer]["m"].copy_(start.layers[layer]["m"])
    change = layer_change(model.config, layer, Kept(None), start, mixed, given)
    assert change.kept.tolist() == pytest.approx([0.75] * len(change.kept))
    torch.testing.assert_close(
        change.written, 0.25 * entries(model, other, layer), atol=1e-6, rtol=1e-5
    )


@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_turns_side_by_side_are_turns_one_by_one(cell: str) -> None:
    model = lstm_model() if cell == "lstm" else random_model([LSTM, LSTM, mlstm()])
    layers = list(range(model.config.num_layers))
    state, turns = a_state(model), []
    for ids in [*TURNS, [4], [9, 9]]:
        turns.append((state, ids))
        state = replay(model, state, ids)
    together = several_writes(model, turns, layers)
    for (before, ids), (kept, writes) in zip(turns, together, strict=True):
        own_kept, own = turn_writes(trace_of(model, before, ids), layers)
        assert kept.layers is not None
        assert own_kept.layers is not None
        for layer in layers:
            for value, wanted in zip(kept.layers[layer], own_kept.layers[layer], strict=True):
                torch.testing.assert_close(value, wanted, atol=1e-6, rtol=1e-5)
            (piece,), (other,) = writes.layers[layer], own.layers[layer]
            assert piece.tokens == len(ids)
            torch.testing.assert_close(piece.total(), other.total(), atol=1e-6, rtol=1e-5)
    assert several_writes(model, turns[:1], [])[0][1].layers == {}
