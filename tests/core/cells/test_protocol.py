"""Every cell keeps what the protocol promises, a cell of the test's own too."""

from collections.abc import Iterator

import pytest
import torch
from safetensors.torch import load

from memory_app.core.cells import cell_named
from memory_app.core.inspection.long_map import long_file
from memory_app.core.inspection.long_trace import LongTrace
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.inspection.trace_queries import map_file
from memory_app.core.model.checkpoint_format import tensor_shapes
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State, StateError
from tests.core.cells.gru import registered
from tests.core.engine.small import events_of, make_engine, make_model, make_request, run

CELLS = ("lstm", "tanh_rnn", "article_lstm", "xlstm", "gru")


@pytest.fixture(autouse=True)
def _gru() -> Iterator[None]:
    with registered():
        yield


def random_model(cell: str, layers: int = 3) -> LanguageModel:
    torch.manual_seed(7)
    return LanguageModel(ModelConfig(60, 8, 12, layers, cell=cell)).eval().requires_grad_(False)


def random_state(config: ModelConfig) -> State:
    blank = State.zeros(config)
    return blank.with_tensors([torch.rand_like(part) - 0.5 for part in blank.tensors()])


@pytest.mark.parametrize("cell", CELLS)
def test_the_declared_parameters_are_the_models(cell: str) -> None:
    model = random_model(cell)
    own = {k: tuple(v.shape) for k, v in model.state_dict().items() if k != "head.weight"}
    assert own == tensor_shapes(model.config)


@pytest.mark.parametrize("cell", CELLS)
def test_a_state_comes_back_from_bytes_and_from_a_file(cell: str) -> None:
    config = random_model(cell).config
    state = random_state(config)
    assert state.fits(config)
    assert len(state.to_bytes()) == config.state_bytes
    assert State.from_bytes(state.to_bytes(), config).to_bytes() == state.to_bytes()
    file = state.to_safetensors({}, config)
    assert State.from_safetensors(file, config).sha256() == state.sha256()
    names = set(load(file))
    own = {"gru": {"h.0", "h.1", "h.2"}, "xlstm": {"h.0", "h.1", "c.0", "c.1"}}
    own["xlstm"] |= {"C.2", "n.2", "m.2", "shift.2"}
    assert names == own.get(cell, {"h", "c"})
    with pytest.raises(StateError):
        State.from_safetensors(file, random_model(cell, 2).config)


@pytest.mark.parametrize("cell", CELLS)
def test_forward_steps_replay_and_trace_are_one_computation(cell: str) -> None:
    model, ids = random_model(cell), [5, 9, 30, 7, 7, 41]
    start = random_state(model.config)
    after = replay(model, start, ids)
    whole, state = LayeredTrace(model, start, ids).whole(), start
    for t, token in enumerate(ids):
        step = model.step(torch.tensor([token]), state)
        state = step.state
        for layer, gates in enumerate(step.gates):
            kinds = model.config.layer_gates(layer)
            assert set(gates) == set(kinds) == set(whole.layers[layer].gates)
            for gate in kinds.values():
                value = whole.layers[layer][gate.name][t]
                torch.testing.assert_close(value, gates[gate.name][0], atol=1e-5, rtol=0)
                if gate.bounds is not None:
                    assert (
                        gate.bounds[0] <= float(value.min()) <= float(value.max()) <= gate.bounds[1]
                    )
    assert after.largest_difference(state) <= 1e-5
    assert after.sha256() == replay(model, replay(model, start, ids[:2]), ids[2:]).sha256()


@pytest.mark.parametrize("cell", CELLS)
def test_maps_and_files_in_chunks_are_those_of_the_whole(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory_app.core.inspection.long_trace.CHUNK", 7)
    model = random_model(cell)
    start, ids = random_state(model.config), torch.randint(0, 60, (25,)).tolist()
    whole, chunked = LayeredTrace(model, start, ids), LongTrace(model, start, ids)
    config = model.config
    for layer, gate in [(n, gate) for n in (1, 2) for gate in config.layer_gates(n)]:
        one, other = (load(map_file(trace, layer, gate, {})) for trace in (whole, chunked))
        assert one.keys() == other.keys()
        memory, width = config.memory_of(layer), model.cell.gate_width(config, layer, gate)
        assert one["steps"].shape == (width, len(ids))
        assert one[f"{memory.gate}_after"].shape == (model.cell.unit_count(config, layer),)
        assert ("timescale" in one) == (memory.keep is not None)
        gap = one.pop("steps").int() - other.pop("steps").int()
        assert int(gap.abs().max()) <= 1
        for name, values in one.items():
            # 1 / ln f of an f close to 1 has lost its last digits.
            rtol = 1e-3 if name == "timescale" else 1e-5
            torch.testing.assert_close(other[name], values, atol=1e-5, rtol=rtol)
    length, pieces = long_file(chunked, {})
    data = b"".join(pieces)
    assert len(data) == length
    mine, theirs = load(data), load(whole.whole().to_safetensors({}))
    assert mine.keys() == theirs.keys()
    for name, values in theirs.items():
        torch.testing.assert_close(mine[name], values, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "xlstm"])
def test_the_engine_speaks_with_a_cell_that_is_no_lstm(cell: str) -> None:
    model = make_model(cell=cell, scale=1.5)
    requests = [make_request(model, n, state=random_state(model.config)) for n in range(3)]
    outputs = run(make_engine(model), requests)
    for request in requests:
        alone = make_request(model, request.id, state=request.state)
        (finished,) = [alone]
        run(make_engine(model), [finished])
        assert request.reply_ids == finished.reply_ids
        events = events_of(outputs, request)
        ids = [*request.prompt_ids, *(event.token_id for event in events)]
        means = LayeredTrace(model, request.state, ids).gate_means()[len(request.prompt_ids) :]
        assert len(means[0][0]) == len(cell_named(cell).strip_gates)
        for event, mean in zip(events, means, strict=True):
            torch.testing.assert_close(
                torch.tensor(event.gates), torch.tensor(mean), atol=2e-4, rtol=0
            )
