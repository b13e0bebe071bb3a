"""The distribution before a token equals the one that stepping token by token gives."""

import math

import pytest
import torch

from memory_app.core.inspection.next_token import alternatives
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State


@pytest.mark.parametrize(("layers", "embed", "hidden"), [(1, 8, 8), (2, 8, 20)])
def test_each_distribution_is_that_of_a_step(layers: int, embed: int, hidden: int) -> None:
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(60, embed, hidden, layers)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(5)
    state = State.of_parts(h=torch.rand(layers, 1, hidden), c=torch.randn(layers, 1, hidden))
    ids = torch.randint(0, 60, (12,)).tolist()
    trace = LayeredTrace(model, state, ids)
    with torch.no_grad():
        top = state.part("h")[-1, 0]
        projected = model.projection(top) if model.config.has_projection else top
        logits = model.head(projected)
        for index, token_id in enumerate(ids):
            exps = [math.exp(v) for v in logits.tolist()]
            p = [v / sum(exps) for v in exps]
            order = sorted(range(60), key=lambda k: (-p[k], k))
            found = alternatives(trace, index, 5)
            assert [k for k, _ in found.best] == order[:5]
            assert [v for _, v in found.best] == pytest.approx([p[k] for k in order[:5]], rel=1e-4)
            assert found.probability == pytest.approx(p[token_id], rel=1e-4)
            assert found.rank == order.index(token_id) + 1
            entropy = -sum(v * math.log(v) for v in p)
            assert found.nats == pytest.approx(entropy, rel=1e-4)
            assert found.bits == pytest.approx(entropy / math.log(2), rel=1e-4)
            step = model.step(torch.tensor([token_id]), state)
            state, logits = step.state, step.logits[0]


def test_equals_are_told_apart_by_their_ids_and_all_of_them_sum_to_one() -> None:
    model = LanguageModel(ModelConfig(16, 4, 4, 1)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    found = alternatives(LayeredTrace(model, State.zeros(model.config), [3, 9]), 1, 99)
    assert [k for k, _ in found.best] == list(range(16))
    assert sum(p for _, p in found.best) == pytest.approx(1)
    assert (found.rank, found.bits) == (10, pytest.approx(4))


@pytest.mark.parametrize("index", [-1, 2])
def test_a_token_that_is_not_there_is_refused(index: int) -> None:
    model = LanguageModel(ModelConfig(16, 4, 4, 1)).eval()
    with pytest.raises(IndexError):
        alternatives(LayeredTrace(model, State.zeros(model.config), [3, 9]), index)
