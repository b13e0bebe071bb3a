"""Held gates: a slow exact form, equal to the cell written out with these gates set."""

import pytest
import torch

from memory_app.core.cells.held_layers import held_layers
from memory_app.core.cells.hold import Hold, HoldError, parse_hold
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.inspection.windows import Borders
from memory_app.core.model.replay import replay
from tests.core.cells.test_xlstm import LSTM, mlstm, random_model, random_state
from tests.core.engine.small import make_model

IDS = [3, 7, 11, 5, 9, 4, 8]


def models():
    yield "lstm", make_model(vocab_size=60)
    yield "xlstm", random_model([LSTM, mlstm(), mlstm()])


CASES = [pytest.param(model, id=name) for name, model in models()]


def parsed(model, value):
    return parse_hold(value, model.cell, model.config)


@pytest.mark.parametrize("model", CASES)
def test_a_gate_that_is_held_has_its_value_at_every_token(model):
    hold = parsed(
        model,
        {"freeze": [["f", 0, None, 1], ["i", 0, 3, 0], ["i", 1, 1, 0.25], ["f", 1, 1, 0.5]]},
    )
    state = random_state(model.config)
    trace = LayeredTrace(model, state, IDS, hold)
    first, second = trace.layer(0), trace.layer(1)
    assert (first["f"] == 1).all()
    assert (first["i"][:, 3] == 0).all()
    assert not (first["i"][:, 2] == 0).any()
    assert second["i"][:, 1] == pytest.approx(torch.full((len(IDS),), 0.25))
    assert second["f"][:, 1] == pytest.approx(torch.full((len(IDS),), 0.5))
    assert not (second["f"][:, 0] == 0.5).any()


@pytest.mark.parametrize("model", CASES)
def test_the_replay_ends_where_the_steps_end_and_can_be_cut(model):
    hold = parsed(model, {"freeze": [["o", 1, None, 0.5]], "forget_bias": 1.5})
    state = random_state(model.config)
    held = held_layers(hold, model.cell, model.config)
    parts = state.layers
    with torch.inference_mode():
        for token_id in IDS:
            _, parts, _ = model.layers.step(model.embedding(torch.tensor([token_id])), parts, held)
    whole = replay(model, state, IDS, hold)
    for own, other in zip(whole.layers, parts, strict=True):
        for name, part in own.items():
            assert torch.equal(part, other[name])
    cut = replay(model, replay(model, state, IDS[:3], hold), IDS[3:], hold)
    assert cut.sha256() == whole.sha256()
    assert whole.sha256() != replay(model, state, IDS).sha256()
    assert Borders(model, state, IDS, hold).before(1) is state


@pytest.mark.parametrize("model", CASES)
def test_holding_nothing_is_the_plain_step(model):
    state = random_state(model.config)
    plain = held_layers(Hold(), model.cell, model.config)
    with torch.inference_mode():
        x = model.embedding(torch.tensor([3]))
        ours, theirs = model.layers.step(x, state.layers, plain), model.layers.step(x, state.layers)
    assert torch.equal(ours[0], theirs[0])
    assert parsed(model, {"freeze": [], "forget_bias": 0}) is None
    assert parsed(model, None) is None


def test_never_forgetting_and_nothing_new_keeps_the_cells():
    model = make_model(vocab_size=60)
    state = random_state(model.config)
    both = (("f", 1), ("i", 0))
    freeze = [[gate, layer, None, value] for layer in (0, 1) for gate, value in both]
    after = replay(model, state, IDS, parsed(model, {"freeze": freeze}))
    assert torch.equal(after.part("c"), state.part("c"))


def test_never_forgetting_and_nothing_new_keeps_a_matrix():
    model = random_model([LSTM, mlstm()])
    state = random_state(model.config)
    after = replay(
        model, state, IDS, parsed(model, {"freeze": [["f", 1, None, 1], ["i", 1, None, 0]]})
    )
    before = state.layers[1]
    memory = after.layers[1]
    scale = memory["m"].exp()[..., None, None]
    kept = before["C"] * before["m"].exp()[..., None, None]
    torch.testing.assert_close(memory["C"] * scale, kept, atol=1e-6, rtol=1e-6)
    # Held shut on both sides, what was there is gone, and nothing is NaN.
    empty = replay(
        model, state, IDS, parsed(model, {"freeze": [["f", 1, None, 0], ["i", 1, None, 0]]})
    )
    assert all(bool(part.isfinite().all()) for part in empty.tensors())
    gone = empty.layers[1]
    assert float((gone["C"] * gone["m"].exp()[..., None, None]).abs().max()) < 1e-20


def test_a_forget_bias_is_added_before_the_sigmoid():
    for model in (make_model(vocab_size=60), random_model([LSTM, mlstm()])):
        state = random_state(model.config)
        plain = LayeredTrace(model, state, IDS[:1])
        biased = LayeredTrace(model, state, IDS[:1], parsed(model, {"forget_bias": 0.75}))
        own, other = plain.layer(0)["f"], biased.layer(0)["f"]
        torch.testing.assert_close(own.logit() + 0.75, other.logit(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "value",
    [
        [], "f", 1,
        {"gates": []},
        {"freeze": None},
        {"freeze": {"f": 1}},
        {"freeze": [["f", 0, None]]},
        {"freeze": [["f", 0, None, 1, 1]]},
        {"freeze": [["c", 0, None, 1]]},
        {"freeze": [["h", 0, None, 1]]},
        {"freeze": [[["f"], 0, None, 1]]},
        {"freeze": [["f", 2, None, 1]]},
        {"freeze": [["f", -1, None, 1]]},
        {"freeze": [["f", True, None, 1]]},
        {"freeze": [["f", 0, 32, 1]]},
        {"freeze": [["f", 0, [0], 1]]},
        {"freeze": [["f", 0, None, 1.01]]},
        {"freeze": [["f", 0, None, -0.01]]},
        {"freeze": [["g", 0, None, -1.01]]},
        {"freeze": [["f", 0, None, True]]},
        {"freeze": [["f", 0, None, "1"]]},
        {"freeze": [["f", 0, None, float("nan")]]},
        {"freeze": [["f", 0, None, 1]] * 4_097},
        {"forget_bias": 21},
        {"forget_bias": float("inf")},
        {"forget_bias": 10**400},
        {"forget_bias": None},
    ],
)  # fmt: skip
def test_anything_else_is_one_sentence(value):
    with pytest.raises(HoldError) as raised:
        parsed(make_model(vocab_size=60), value)
    assert str(raised.value).endswith(".")


def test_a_cell_without_the_form_says_so():
    model = make_model(vocab_size=60, cell="tanh_rnn")
    with pytest.raises(HoldError) as raised:
        parsed(model, {"forget_bias": 1})
    assert "tanh_rnn" in str(raised.value)
