"""A trace without stepping equals one that steps, and agrees with the canonical replay."""

import pytest
import torch
from safetensors.torch import load

from memory_app.core.cells import cell_named
from memory_app.core.inspection.trace import LayeredTrace, trace
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

GATES = cell_named("lstm").gate_names


@pytest.mark.parametrize(("layers", "embed", "hidden"), [(1, 8, 8), (2, 8, 20), (3, 12, 9)])
def test_every_gate_equals_the_stepped_one(layers: int, embed: int, hidden: int) -> None:
    torch.manual_seed(layers)
    model = LanguageModel(ModelConfig(60, embed, hidden, layers)).eval()
    start = State.of_parts(h=torch.rand(layers, 1, hidden), c=torch.randn(layers, 1, hidden))
    ids = torch.randint(0, 60, (40,)).tolist()
    seen = trace(model, start, ids)
    state = start
    with torch.no_grad():
        for t, token_id in enumerate(ids):
            step = model.step(torch.tensor([token_id]), state)
            state = step.state
            for layer, gates in enumerate(step.gates):
                for name in GATES:
                    assert torch.allclose(seen[name][t, layer], gates[name][0], atol=1e-5), (
                        name,
                        t,
                        layer,
                    )
    after = replay(model, start, ids)
    assert torch.allclose(seen["c"][-1], after.part("c")[:, 0], atol=1e-6)
    assert torch.allclose(seen["h"][-1], after.part("h")[:, 0], atol=1e-6)


def test_the_file_has_the_promised_names_shapes_and_types() -> None:
    model = LanguageModel(ModelConfig(60, 8, 12, 2)).eval()
    data = trace(model, State.zeros(model.config), [5, 6, 7]).to_safetensors({"turn": "x"})
    tensors = load(data)
    assert {k: (tuple(v.shape), v.dtype) for k, v in tensors.items()} == {
        **dict.fromkeys(GATES, ((3, 2, 12), torch.float32)),
        "token_ids": ((3,), torch.int64),
        "h0": ((2, 12), torch.float32),
        "c0": ((2, 12), torch.float32),
    }
    assert tensors["token_ids"].tolist() == [5, 6, 7]


def test_gate_means_are_means_over_units() -> None:
    model = LanguageModel(ModelConfig(60, 8, 12, 2)).eval()
    traced = LayeredTrace(model, State.zeros(model.config), [5, 6, 7])
    means, seen = torch.tensor(traced.gate_means()), traced.whole()
    assert means.shape == (3, 2, 3)
    assert torch.allclose(means[1, 0, 1], seen["f"][1, 0].mean(), atol=1e-4)


def test_means_layer_by_layer_are_those_of_the_whole() -> None:
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(60, 12, 9, 3)).eval()
    start = State.of_parts(h=torch.rand(3, 1, 9), c=torch.randn(3, 1, 9))
    seen = LayeredTrace(model, start, [5, 6, 7, 8])
    ours, whole = torch.tensor(seen.gate_means()), seen.whole()
    theirs = torch.stack([whole[gate].mean(dim=2) for gate in "ifo"], dim=-1)
    assert ours.shape == (4, 3, 3)
    assert torch.allclose(ours, theirs, atol=1.01e-4)  # a sum's order may turn the last digit


@pytest.mark.parametrize("cell", ["tanh_rnn", "article_lstm"])
def test_the_cells_for_study_are_traced_by_their_step(cell: str) -> None:
    torch.manual_seed(4)
    model = LanguageModel(ModelConfig(60, 8, 12, 2, cell=cell)).eval()
    ids = [5, 6, 7, 8]
    seen, state = trace(model, State.zeros(model.config), ids), State.zeros(model.config)
    assert seen.tensors().keys() == {*model.cell.gate_names, "h0", "c0", "token_ids"}
    for t, token_id in enumerate(ids):
        step = model.step(torch.tensor([token_id]), state)
        state = step.state
        for layer, gates in enumerate(step.gates):
            for name in model.cell.gate_names:
                assert torch.allclose(seen[name][t, layer], gates[name][0], atol=1e-6)


def test_an_empty_turn_is_refused() -> None:
    model = LanguageModel(ModelConfig(60, 8, 12, 2))
    with pytest.raises(ValueError, match="at least one"):
        trace(model, State.zeros(model.config), [])
