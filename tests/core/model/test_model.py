"""Fast equals slow: forward = step = torch.nn.LSTM, over layers, sizes, batch and carried state."""

import pytest
import torch

from memory_app.core.cells import cell_names
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

SHAPES = [(1, 8, 8, 1), (2, 8, 16, 1), (2, 16, 16, 5), (3, 12, 7, 4), (4, 33, 20, 2)]


def random_state(config: ModelConfig, batch: int) -> State:
    blank = State.zeros(config, batch)
    return blank.with_tensors([torch.rand_like(part) * 2 - 1 for part in blank.tensors()])


def stepped(model: LanguageModel, ids: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
    logits = []
    for t in range(ids.shape[1]):
        step = model.step(ids[:, t], state)
        logits.append(step.logits)
        state = step.state
    return torch.stack(logits, dim=1), state


@pytest.mark.parametrize("cell", cell_names())
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("layers", "embed", "hidden", "batch"), SHAPES)
def test_steps_equal_the_forward_pass(
    cell: str, tied: bool, layers: int, embed: int, hidden: int, batch: int
) -> None:
    torch.manual_seed(layers * 100 + hidden)
    layers += cell == "xlstm"  # one of them is a block above the LSTM
    model = LanguageModel(ModelConfig(50, embed, hidden, layers, cell=cell, tied=tied)).eval()
    ids = torch.randint(0, 50, (batch, 17))
    state = random_state(model.config, batch)
    with torch.no_grad():
        logits, after = model(ids, state)
        slow_logits, slow_after = stepped(model, ids, state)
    assert torch.allclose(logits, slow_logits, atol=1e-5)
    for part, slow_part in zip(after.tensors(), slow_after.tensors(), strict=True):
        assert torch.allclose(part, slow_part, atol=1e-5)


@pytest.mark.parametrize(("layers", "embed", "hidden", "batch"), SHAPES)
def test_the_lstm_is_torch_nn_lstm_between_embedding_and_head(
    layers: int, embed: int, hidden: int, batch: int
) -> None:
    model = LanguageModel(ModelConfig(50, embed, hidden, layers)).eval()
    plain = torch.nn.LSTM(embed, hidden, layers, batch_first=True)
    plain.load_state_dict(
        {k.removeprefix("lstm."): v for k, v in model.state_dict().items() if k.startswith("lstm.")}
    )
    ids = torch.randint(0, 50, (batch, 23))
    state = random_state(model.config, batch)
    with torch.no_grad():
        out, (h, c) = plain(model.embedding.weight[ids], (state.part("h"), state.part("c")))
        if hidden != embed:
            out = out @ model.projection.weight.T
        wanted = out @ model.embedding.weight.T + model.head.bias
        logits, after = model(ids, state)
        _, slow = stepped(model, ids, state)
    assert torch.allclose(logits, wanted, atol=1e-5)
    assert torch.allclose(after.part("c"), c, atol=1e-5)
    assert torch.allclose(slow.part("h"), h, atol=1e-5)


@pytest.mark.parametrize("cell", cell_names())
def test_a_sequence_in_two_parts_equals_the_whole(cell: str) -> None:
    model = LanguageModel(ModelConfig(40, 8, 12, 2, cell=cell)).eval()
    ids = torch.randint(0, 40, (3, 20))
    with torch.no_grad():
        whole, state = model(ids)
        first, middle = model(ids[:, :9])
        second, end = model(ids[:, 9:], middle)
    assert torch.allclose(whole, torch.cat((first, second), dim=1), atol=1e-6)
    assert torch.allclose(state.part("h"), end.part("h"), atol=1e-6)


def test_every_gate_of_every_layer_is_visible_and_in_its_range() -> None:
    model = LanguageModel(ModelConfig(40, 8, 12, 3)).eval()
    step = model.step(torch.tensor([1, 2]), State.zeros(model.config, 2))
    assert len(step.gates) == 3
    for gates in step.gates:
        assert set(gates) == set("ifgoch")
        for name in "ifo":
            assert ((gates[name] > 0) & (gates[name] < 1)).all()
        assert torch.allclose(gates["c"], gates["i"] * gates["g"])  # from a blank state
        assert torch.allclose(gates["h"], gates["o"] * gates["c"].tanh())


def test_article_lstm_follows_its_formula_and_has_no_cell_state() -> None:
    for tanh in (False, True):
        config = ModelConfig(40, 6, 6, 1, cell="article_lstm", options={"article_tanh": tanh})
        model = LanguageModel(config).eval()
        layer = model.article_lstm.layers[0]
        h = torch.rand(1, 1, 6)
        state = State.of_parts(h=h, c=torch.full((1, 1, 6), 7.0))
        step = model.step(torch.tensor([3]), state)
        x = model.embedding.weight[3]
        pre = layer.input.weight @ x + layer.input.bias + layer.recurrent.weight @ h[0, 0]
        _, _, g, o = pre.view(4, 6)
        g = g.tanh() if tanh else g.sigmoid()
        wanted = o.sigmoid() * torch.sigmoid(layer.output.weight @ g + layer.output.bias)
        assert torch.allclose(step.state.part("h")[0, 0], wanted, atol=1e-6)
        assert torch.equal(step.state.part("c"), state.part("c"))


def test_tanh_rnn_follows_its_formula() -> None:
    model = LanguageModel(ModelConfig(40, 6, 6, 1, cell="tanh_rnn")).eval()
    layer = model.tanh_rnn.layers[0]
    h = torch.rand(1, 1, 6)
    step = model.step(torch.tensor([3]), State.of_parts(h=h, c=torch.zeros(1, 1, 6)))
    x = model.embedding.weight[3]
    wanted = torch.tanh(
        layer.input.weight @ x + layer.input.bias + layer.recurrent.weight @ h[0, 0]
    )
    assert torch.allclose(step.state.part("h")[0, 0], wanted, atol=1e-6)
