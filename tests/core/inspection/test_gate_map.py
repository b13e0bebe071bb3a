"""What the gate view draws equals the trace, and its figures equal plain ones."""

import json
import math
from itertools import pairwise

import pytest
import torch
from safetensors import safe_open

from memory_app.core.cells import cell_named
from memory_app.core.inspection.gate_map import STEPS, gate_map, saturation, unit_figures
from memory_app.core.inspection.trace import LayeredTrace as Layered
from memory_app.core.inspection.trace import LayerTrace, trace
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

GATES = cell_named("lstm").gate_names

LAYERS, HIDDEN, TOKENS = 3, 9, 25


@pytest.fixture(scope="module")
def layered() -> Layered:
    torch.manual_seed(5)
    model = LanguageModel(ModelConfig(60, 8, HIDDEN, LAYERS)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(6)
    start = State.of_parts(h=torch.rand(LAYERS, 1, HIDDEN), c=3 * torch.randn(LAYERS, 1, HIDDEN))
    return Layered(model, start, torch.randint(0, 60, (TOKENS,)).tolist())


@pytest.fixture(scope="module")
def layer(layered: Layered) -> LayerTrace:
    return layered.layer(1)


def _layer(values: torch.Tensor, **others: torch.Tensor) -> LayerTrace:
    """An LSTM's layer whose gates have all the same values, but for the `others`."""
    blank = torch.zeros(values.shape[1])
    return LayerTrace(
        ModelConfig(60, 8, values.shape[1], 1),
        0,
        dict.fromkeys(GATES, values) | others,
        {"h": blank, "c": blank},
    )


def test_a_layer_asked_for_alone_is_that_of_the_whole(layered: Layered) -> None:
    whole = trace(layered.model, layered.state, layered.ids)
    for number in (2, 0, 1):
        fresh = Layered(layered.model, layered.state, layered.ids).layer(number)
        for name in GATES:
            assert torch.equal(fresh[name], whole[name][:, number])
        assert torch.equal(fresh.before["h"], whole.before("h")[number])
        assert torch.equal(fresh.before["c"], whole.before("c")[number])
    assert layered.size == 4 * sum(whole[name].numel() for name in GATES)


@pytest.mark.parametrize("gate", GATES)
def test_sixteen_bits_are_within_half_a_step_of_the_value(layer: LayerTrace, gate: str) -> None:
    found = gate_map(layer, gate)
    assert found.steps.shape == (HIDDEN, TOKENS)
    step = (found.high - found.low) / STEPS
    back = found.low + found.steps.double() * step
    assert torch.allclose(back, layer[gate].t().double(), atol=step / 2 + 1e-7, rtol=0)
    assert torch.allclose(found.mean, layer[gate].mean(dim=0), atol=1e-6)
    assert torch.allclose(found.variance, layer[gate].var(dim=0, correction=0), atol=1e-6)


def test_a_cells_map_ends_at_its_largest_value_and_a_blank_ones_does_not_end_at_zero(
    layer: LayerTrace,
) -> None:
    assert gate_map(layer, "c").high == float(layer["c"].abs().max())
    blank = _layer(torch.zeros(4, 3))
    assert gate_map(blank, "c").high == 0.1
    assert gate_map(blank, "c").steps.tolist()[0][0] in {STEPS // 2, STEPS // 2 + 1}


def test_a_units_figures_are_those_of_a_loop_over_its_values(layer: LayerTrace) -> None:
    found = {name: tensor.tolist() for name, tensor in unit_figures(layer).items()}
    for unit in range(HIDDEN):
        cells = [float(layer.before["c"][unit]), *layer["c"][:, unit].tolist()]
        assert found["c_before"][unit] == cells[0]
        assert found["c_after"][unit] == cells[-1]
        moves = [abs(b - a) for a, b in pairwise(cells)]
        assert moves[found["moved_at"][unit]] == pytest.approx(max(moves), abs=1e-6)
        mean = sum(layer["f"][:, unit].tolist()) / TOKENS
        assert found["mean_f"][unit] == pytest.approx(mean, abs=1e-5)
        assert found["timescale"][unit] == pytest.approx(-1 / math.log(mean), rel=1e-3)


def test_a_cell_that_nothing_leaves_has_no_end_of_its_timescale() -> None:
    one = torch.ones(4, 2)
    layer = _layer(one)
    assert unit_figures(layer)["timescale"].tolist() == [math.inf, math.inf]
    closed = _layer(one, f=0 * one)
    assert unit_figures(closed)["timescale"].tolist() == pytest.approx([0.01145] * 2, rel=1e-3)


def test_saturation_counts_values_at_the_ends(layer: LayerTrace) -> None:
    found = saturation(layer)
    assert set(found) == set("ifogh")
    for gate, (below, above) in found.items():
        values = layer[gate].flatten().tolist()
        low = 0.1 if gate in "ifo" else -0.9
        assert below == pytest.approx(sum(v < low for v in values) / len(values))
        assert above == pytest.approx(sum(v > 0.9 for v in values) / len(values))
    assert 0 < found["f"][0] < 1


def test_the_file_has_map_figures_and_bounds(layer: LayerTrace, tmp_path) -> None:
    path = tmp_path / "map.safetensors"
    found = gate_map(layer, "c")
    path.write_bytes(found.to_safetensors(unit_figures(layer), {"gate": "c"}))
    with safe_open(path, "pt") as file:
        assert file.metadata() == {
            "format_version": "2", "low": repr(found.low), "high": repr(found.high),
            "scale": repr(found.scale), "gate": "c",
        }  # fmt: skip
        assert json.loads(file.metadata()["high"]) == found.high
        assert torch.equal(file.get_tensor("steps"), found.steps)
        assert file.get_tensor("moved_at").dtype == torch.int32
