"""Where a token came from: its parts sum to the logit, and each is what the formula says."""

import pytest
import torch

from memory_app.core.inspection.counterfactual import (
    logprob_after,
    step_of,
    token_logprob,
    turn_effects,
    without_words,
)
from memory_app.core.inspection.rank_correlation import ranks, spearman
from memory_app.core.inspection.sources import logit_direction, read_layers, sources
from memory_app.core.inspection.state_edits import edited
from memory_app.core.inspection.trace_queries import trace_of
from memory_app.core.inspection.turn_writes import Kept, layer_change, turn_writes
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from tests.core.cells.test_xlstm import LSTM, mlstm, random_model
from tests.core.inspection.test_ledger import TURNS, a_state, lstm_model

POSITION = 4


def a_model(cell: str) -> LanguageModel:
    return lstm_model() if cell == "lstm" else random_model([LSTM, LSTM, mlstm(), mlstm(3)])


def traced(model: LanguageModel, start: State):
    """The sources of a token of the last turn, with the states before each turn."""
    layers, states, earlier = read_layers(model), [start], []
    for ids in TURNS[:-1]:
        _, writes = turn_writes(trace_of(model, states[-1], ids), layers)
        earlier.append(writes)
        states.append(replay(model, states[-1], ids))
    found = sources(earlier, start, trace_of(model, states[-1], TURNS[-1]), POSITION)
    return found, states


def slow_parts(model: LanguageModel, start: State) -> tuple[float, list[float]]:
    """Layer by layer and token by token, each carried on its own through the steps."""
    direction = logit_direction(model, TURNS[-1][POSITION])
    stream = [token for turn in TURNS[:-1] for token in turn] + TURNS[-1][:POSITION]
    totals, begin = [0.0] * len(stream), 0.0
    for layer in read_layers(model):
        matrix = model.config.memory_of(layer).matrix
        own = {name: part[0].double() for name, part in start.layers[layer].items()}
        memory = own["C"] * own["m"].exp()[:, None, None] if matrix else own["c"]
        parts, state = [memory], start
        for token in stream:
            step = model.step(torch.tensor([token]), state)
            state = step.state
            gates = {name: value[0].double() for name, value in step.gates[layer].items()}
            if matrix:
                heads, key, value = memory.shape
                k, v = gates["k"].view(heads, key, 1), gates["v"].view(heads, 1, value)
                f, new = gates["f"].view(heads, 1, 1), gates["i"].view(heads, 1, 1) * k * v
            else:
                f, new = gates["f"], gates["i"] * gates["g"]
            parts = [f * part for part in parts] + [new]
        after = {name: part[0].double() for name, part in state.layers[layer].items()}
        for place, part in enumerate(parts):
            if matrix:
                block = model.layers.block(layer)
                q = gates["q"].view(heads, key)
                norm = (after["n"] * after["m"].exp()[:, None] * q).sum(1).abs().clamp(min=1)
                read = torch.einsum("hkv,hk->hv", part, q) / norm[:, None]
                given = block.output.weight.double() @ (gates["o"] * read.flatten())
                amount = float(direction[model.config.hidden_size :] @ given)
            else:
                h = gates["o"] * after["c"].tanh() * part / after["c"]
                amount = float(direction[: len(h)] @ h)
            if place:
                totals[place - 1] += amount
            else:
                begin += amount
    return begin, totals


@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_each_part_is_that_of_the_formula(cell: str) -> None:
    model = a_model(cell)
    start = a_state(model)
    found, _ = traced(model, start)
    begin, totals = slow_parts(model, start)
    assert [len(part) for part in found.turns] == [*map(len, TURNS[:-1]), POSITION]
    assert torch.cat(found.turns).tolist() == pytest.approx(totals, abs=1e-5)
    assert found.start == pytest.approx(begin, abs=1e-5)
    assert found.residual < 1e-5
    flat = [share for turn in found.shares() for share in turn]
    assert sum(flat) + abs(found.start) / found.whole == pytest.approx(1)


def test_of_an_lstm_the_parts_sum_to_the_logit_above_the_mean() -> None:
    model = lstm_model()
    start = State.zeros(model.config)
    found, states = traced(model, start)
    outputs, _ = model.hidden(torch.tensor([TURNS[-1][:POSITION]]), states[-1])
    logits = (model.logits(outputs[0, -1]) - model.head.bias).double()
    wanted = float(logits[TURNS[-1][POSITION]] - logits.mean())
    assert float(torch.cat(found.turns).sum()) == pytest.approx(wanted, abs=1e-5)
    assert found.start == 0


def test_the_layers_that_a_logit_reads_directly() -> None:
    assert read_layers(lstm_model(3)) == [2]
    assert read_layers(a_model("xlstm")) == [1, 2, 3]


def test_an_edited_turn_has_its_own_part() -> None:
    model = lstm_model()
    start = a_state(model)
    values = {"set": [["c", 1, 0, 3.0], ["c", 1, 1, -2.0]]}
    after = edited(start, values, model.config)
    of_blank = edited(State.zeros(model.config), values, model.config)
    change = {1: layer_change(model.config, 1, Kept(None), start, after, of_blank)}
    found = sources([change], start, trace_of(model, after, TURNS[0]), 2)
    assert [len(part) for part in found.turns] == [1, 2]
    assert found.residual < 1e-5
    assert float(found.turns[0].abs()) > 0


@pytest.mark.parametrize("position", [0, -1, 6])
def test_a_token_that_is_none_is_refused(position: int) -> None:
    model = lstm_model()
    start = State.zeros(model.config)
    with pytest.raises(IndexError):
        sources([], start, trace_of(model, start, TURNS[-1]), position)


@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_effects_are_those_of_deletion_and_replay(cell: str) -> None:
    model = a_model(cell)
    start = State.zeros(model.config)
    _, states = traced(model, start)
    steps = [step_of(model, ids) for ids in TURNS[:-1]]
    token, ids = TURNS[-1][POSITION], TURNS[-1][:POSITION]
    effects = dict(turn_effects(model, states, steps, ids, token))
    for left_out in range(2):
        stream = [i for k, turn in enumerate(TURNS[:-1]) if k != left_out for i in turn]
        both = []
        for fed in ([*TURNS[0], *TURNS[1], *ids], [*stream, *ids]):
            logits, _ = model(torch.tensor([fed]), start)
            both.append(float(logits[0, -1].double().log_softmax(-1)[token]))
        assert effects[left_out] == pytest.approx(both[1] - both[0], abs=1e-6)
    assert turn_effects(model, states, steps, ids, token, [1]) == [(1, effects[1])]


def test_a_word_is_left_out_of_its_turn() -> None:
    model = lstm_model()
    start = State.zeros(model.config)
    kept = without_words(TURNS[0], 1, 3)
    assert kept == [5, 7]
    found = logprob_after(model, start, [step_of(model, kept)], TURNS[1][:2], 2)
    assert found == pytest.approx(token_logprob(model, start, [5, 7, *TURNS[1][:2]], 2), abs=1e-6)
    for first, stop in ((0, 4), (2, 2), (3, 5), (-1, 2)):
        with pytest.raises(ValueError, match="Leave out"):
            without_words(TURNS[0], first, stop)


def test_ranks_and_their_correlation() -> None:
    assert ranks([3.0, 1.0, 3.0, 2.0]) == [3.5, 1.0, 3.5, 2.0]
    assert spearman([1, 2, 3, 4], [10, 20, 30, 45]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    # By the formula for ranks without ties: 1 - 6 Σ d² / (n (n² - 1)).
    assert spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx(1 - 6 * 4 / (5 * 24))
    assert spearman([1, 2], [1, 2]) is None
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    with pytest.raises(ValueError, match="one value"):
        spearman([1, 2], [1])
