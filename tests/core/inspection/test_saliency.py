"""Saliency is the slope of the logit: equal to finite differences, through the states between."""

import pytest
import torch

from memory_app.core.inspection.saliency import shares, token_saliency
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

IDS = [3, 9, 2, 7, 9, 5]


def _model(cell: str, layers: int) -> LanguageModel:
    torch.manual_seed(8)
    model = LanguageModel(ModelConfig(60, 16, 16, layers, cell=cell)).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.2)  # blocks begin with an output of zero
    return model


def _score(model: LanguageModel, state: State, x: torch.Tensor, token: int) -> float:
    outputs, _ = model.layers(x.unsqueeze(0), state.layers)
    logits = model.logits(outputs[0, -1])
    return float(logits[token] - logits.mean())


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 2), ("xlstm", 3)])
def test_it_is_the_norm_of_finite_differences(cell: str, layers: int) -> None:
    model = _model(cell, layers)
    state = replay(model, State.zeros(model.config), [4, 8, 1])
    found = token_saliency(model, state, IDS, 12)
    x = model.embedding(torch.tensor(IDS))
    tiny = 1e-2
    for place in range(len(IDS)):
        slopes = []
        for dimension in range(x.shape[1]):
            step = torch.zeros_like(x)
            step[place, dimension] = tiny
            slopes.append(
                (_score(model, state, x + step, 12) - _score(model, state, x - step, 12)) / 2 / tiny
            )
        assert found[place] == pytest.approx(float(torch.tensor(slopes).norm()), rel=0.03, abs=1e-3)


def test_in_inference_mode_too_and_the_model_is_left_as_it_was() -> None:
    model = _model("lstm", 2)
    with torch.inference_mode():
        state = replay(model, State.zeros(model.config), [4, 8, 1])
        inside = token_saliency(model, state, IDS, 12)
    assert inside == token_saliency(model, state, IDS, 12)
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())
    with pytest.raises(ValueError, match="at least one"):
        token_saliency(model, state, [], 12)


def test_shares_sum_to_one() -> None:
    assert shares([1.0, 3.0]) == [0.25, 0.75]
    assert shares([0.0, 0.0]) == [0.0, 0.0]
