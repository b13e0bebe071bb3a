"""The xlstm's forms are equal, its gradients right, and it begins as the LSTM below it."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_app.core.cells.lstm.layers import LSTMLayers
from memory_app.core.cells.xlstm import matrix_memory
from memory_app.core.cells.xlstm.matrix_memory import Matrix
from memory_app.core.cells.xlstm.read_out import read_out
from memory_app.core.cells.xlstm.train_lstm import lstm_sequence
from memory_app.core.initialisation.from_checkpoint import TransferError, take_over
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.checkpoint_format import tensor_shapes
from memory_app.core.model.config import ConfigError, ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from tests.conftest import make_checkpoint

LSTM = {"kind": "lstm"}


def mlstm(heads: int = 2, key: int = 4, value: int = 6) -> dict[str, object]:
    return {
        "kind": "mlstm", "heads": heads, "key": key, "value": value, "width": 10, "feed_forward": 14
    }  # fmt: skip


def random_model(blocks: list[dict[str, object]], seed: int = 3) -> LanguageModel:
    """Every parameter random, so that no gate and no output is at its first value."""
    torch.manual_seed(seed)
    config = ModelConfig(60, 8, 12, len(blocks), cell="xlstm", options={"blocks": blocks})
    model = LanguageModel(config).eval().requires_grad_(False)
    for name, parameter in model.layers.named_parameters():
        if not name.endswith("norm_h.weight"):
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def random_state(config: ModelConfig, batch: int = 1) -> State:
    blank = State.zeros(config, batch)
    return blank.with_tensors([torch.rand_like(part) - 0.5 for part in blank.tensors()])


def assert_near(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Within 1e-5, relative where a value is above 1."""
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


sizes = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(sizes, min_size=1, max_size=2), st.integers(1, 2), st.integers(1, 3),
    st.integers(1, 90), st.integers(1, 100), st.integers(1, 89), st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_parallel_chunkwise_and_step_are_equal(
    upper, lower, batch, length, chunk, cut, carried, seed
) -> None:
    model = random_model([LSTM] * lower + [mlstm(*each) for each in upper], seed)
    ids = torch.randint(0, 60, (batch, length))
    start = random_state(model.config, batch) if carried else model.blank(batch)
    model.layers.chunk = length
    parallel, after = model.hidden(ids, start)
    model.layers.chunk = chunk
    chunkwise, other = model.hidden(ids, start)
    assert_near(chunkwise, parallel)
    for ours, theirs in zip(other.tensors(), after.tensors(), strict=True):
        assert_near(ours, theirs)
    cut = min(cut, length)
    first, state = model.hidden(ids[:, :cut], start)
    outputs = [first]
    if cut < length:
        rest, state = model.hidden(ids[:, cut:], state)
        outputs.append(rest)
    assert_near(torch.cat(outputs, 1), parallel)
    parts, steps = start.layers, []
    for t in range(length):
        output, parts, _ = model.layers.step(model.embedding(ids[:, t]), parts)
        steps.append(output)
    assert_near(torch.stack(steps, 1), parallel)
    for own in (state, State(parts)):
        for ours, theirs in zip(own.tensors(), after.tensors(), strict=True):
            assert_near(ours, theirs)


def test_the_recurrence_is_the_papers() -> None:
    """Against C, n and the normaliser written out in float64 without a stabiliser."""
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 1, 40, 2, 5).double().unbind()
    log_i, log_f = (
        torch.randn(1, 40, 2).double() * 3,
        torch.randn(1, 40, 2).double().sigmoid().log(),
    )
    c, n = torch.randn(1, 2, 5, 5).double(), torch.randn(1, 2, 5).double()
    before = Matrix(c, n, torch.zeros(1, 2).double())
    h, after = matrix_memory.stretch(q, k, v, log_i, log_f, before, 16)
    for t in range(40):
        i, f = log_i[:, t].exp()[..., None], log_f[:, t].exp()[..., None]
        n = f * n + i * k[:, t]
        c = f[..., None] * c + (i * k[:, t])[..., None] * v[:, t].unsqueeze(-2)
        scale = (n * q[:, t]).sum(-1, keepdim=True).abs().clamp(min=1)
        wanted = torch.einsum("bhkv,bhk->bhv", c, q[:, t]) / scale
        torch.testing.assert_close(h[:, t], wanted, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(after.c * after.m.exp()[..., None, None], c, atol=1e-9, rtol=1e-9)


def test_gradients_go_through_the_stabiliser_as_through_the_formula() -> None:
    torch.manual_seed(1)
    given = [torch.randn(1, 6, 2, 3).double().requires_grad_() for _ in range(3)]
    gates = [(torch.randn(1, 6, 2).double() * scale).requires_grad_() for scale in (2, 1)]
    before = Matrix(
        torch.randn(1, 2, 3, 3).double(), torch.randn(1, 2, 3).double(), torch.zeros(1, 2).double()
    )

    def h(q, k, v, i, f):
        return matrix_memory.stretch(q, k, v, i, torch.nn.functional.logsigmoid(f), before, 4)[0]

    torch.autograd.gradcheck(h, (*given, *gates))


@pytest.mark.parametrize("layers", [1, 2])
def test_the_training_form_of_the_lstm_has_nn_lstms_outputs_and_gradients(layers: int) -> None:
    torch.manual_seed(2)
    config = ModelConfig(60, 5, 7, layers)
    lstm = LSTMLayers(config, 0.0)
    x = torch.randn(3, 11, 5, requires_grad=True)
    parts = tuple(
        {name: torch.randn(3, 7, requires_grad=True) for name in ("h", "c")} for _ in range(layers)
    )
    inputs = [x, *(part for own in parts for part in own.values()), *lstm.parameters()]
    wanted, after = lstm(x, parts)
    ours, own_after = x, []
    for layer, own in enumerate(parts):
        ours, h, c = lstm_sequence(
            ours, own["h"], own["c"], lstm.gate_weights(layer), torch.float32
        )
        own_after.append((h, c))
    assert_near(ours, wanted)
    direction = torch.randn_like(wanted)
    both = []
    for outputs, states in (
        (wanted, [(own["h"], own["c"]) for own in after]),
        (ours, own_after),
    ):
        total = (outputs * direction).sum() + sum((h * 2 + c).sum() for h, c in states)
        both.append(torch.autograd.grad(total, inputs))
    for ours, theirs in zip(*both, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)


def test_only_the_wanted_positions_are_handed_on() -> None:
    model = random_model([LSTM, mlstm(), mlstm()])
    ids, at = torch.randint(0, 60, (3, 20)), torch.rand(3, 20) < 0.3
    outputs, after = model.hidden(ids)
    some, other = model.hidden_at(ids, None, at)
    assert_near(some, outputs[at])
    assert other.largest_difference(after) <= 1e-6


def test_a_replay_gives_one_hash_however_it_is_cut() -> None:
    model = random_model([LSTM, LSTM, mlstm()])
    start, ids = random_state(model.config), torch.randint(0, 60, (90,)).tolist()
    whole = replay(model, start, ids)
    _, after = model.hidden(torch.tensor([ids]), start)
    for ours, theirs in zip(whole.tensors(), after.tensors(), strict=True):
        assert_near(ours, theirs)
    for cuts in ([1], [64], [3, 4, 50, 77]):
        state = start
        for first, last in zip([0, *cuts], [*cuts, 90], strict=True):
            state = replay(model, state, ids[first:last])
        assert state.sha256() == whole.sha256()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 80), st.integers(0, 99), st.booleans())
def test_a_read_out_is_the_sum_of_what_was_written(length, seed, carried) -> None:
    model = random_model([LSTM, mlstm(3, 5, 4), mlstm(2, 3, 7)], seed)
    start = random_state(model.config) if carried else model.blank(1)
    trace = LayeredTrace(model, start, torch.randint(0, 60, (length,)).tolist())
    for number in (1, 2):
        layer = trace.layer(number)
        for token in {0, length // 2, length - 1}:
            read = read_out(layer.gates, layer.before, token)
            assert read.weights.shape[1] == token + 1
            assert read.residual <= 1e-5
            if not carried:
                assert not read.carried.any()


def test_packed_rows_step_as_the_module_does() -> None:
    model = random_model([LSTM, LSTM, mlstm(), mlstm()])
    config = model.config
    packed = config.kind.pack(model.layers, config, model.embedding.weight, torch.float32)
    states = [random_state(config) for _ in range(3)]
    pool, other = packed.pool(4), packed.pool(2)
    for row, state in enumerate(states):
        pool.load(row, state.layers)
    batch = State.cat(states)
    for ids in torch.randint(0, 60, (8, 3)):
        gates = torch.zeros(3, 4, 3)
        outputs = packed.advance(pool, ids, gates)
        wanted, parts, seen = model.layers.step(model.embedding(ids), batch.layers)
        batch = State(parts)
        assert_near(outputs, wanted)
        for layer, values in enumerate(seen):
            means = torch.stack([values[name].mean(1) for name in ("i", "f", "o")], 1)
            assert_near(gates[:, layer], means)
    other.copy(pool, 2, 1)
    for tensors in (pool.read(2), other.read(1)):
        assert State(tensors).largest_difference(batch.select(2)) <= 1e-5


def test_prompts_are_fed_in_slices_as_in_one_piece() -> None:
    model = random_model([LSTM, mlstm(), mlstm()])
    config = model.config
    packed = config.kind.pack(model.layers, config, model.embedding.weight, torch.float32)
    start, ids = random_state(config, 2), torch.randint(0, 60, (2, 70))
    wanted = model.hidden(ids, start)[1]
    first = packed.feed(ids[:, :33], start.layers)
    for fed in (packed.feed(ids, start.layers), packed.feed(ids[:, 33:], first)):
        for ours, theirs in zip(State(fed).tensors(), wanted.tensors(), strict=True):
            assert_near(ours, theirs)


def test_a_model_from_an_lstm_checkpoint_computes_what_that_does(tmp_path) -> None:
    make_checkpoint(tmp_path / "lstm", hidden_size=24)
    parent = load_checkpoint(tmp_path / "lstm")
    config = ModelConfig(parent.model.config.vocab_size, 16, 24, 4, cell="xlstm")
    model = LanguageModel(config).eval().requires_grad_(False)
    take_over(model, parent.tokenizer, parent)
    ids = torch.randint(0, config.vocab_size, (2, 30))
    torch.testing.assert_close(model(ids)[0], parent.model(ids)[0], atol=1e-5, rtol=1e-5)
    too_low = LanguageModel(ModelConfig(config.vocab_size, 16, 24, 2, cell="xlstm"))
    with pytest.raises(TransferError):
        take_over(too_low, parent.tokenizer, parent)


def test_its_first_memory_is_open(tmp_path) -> None:
    model = LanguageModel(ModelConfig(60, 8, 12, 2, cell="xlstm"))
    _, _, gates = model.layers.step(model.embedding(torch.tensor([5])), model.blank(1).layers)
    assert gates[1]["i"].log().tolist()[0] == pytest.approx([-1.0] * 4, abs=2e-3)
    logits = gates[1]["f"].logit().tolist()[0]
    assert logits == pytest.approx([4, 16 / 3, 20 / 3, 8], abs=1e-3)


def test_blocks_are_completed_and_come_back_from_config_json() -> None:
    bundled = ModelConfig(8192, 256, 832, 3, cell="xlstm")
    assert bundled.state_bytes == 84_496
    again = ModelConfig.from_dict(json.loads(json.dumps(bundled.to_dict())))
    assert again == bundled
    assert [block["kind"] for block in again.options["blocks"]] == ["lstm", "lstm", "mlstm"]
    model = random_model([LSTM, mlstm()])
    own = {k: tuple(v.shape) for k, v in model.state_dict().items() if k != "head.weight"}
    assert own == tensor_shapes(model.config)


@pytest.mark.parametrize(
    "blocks",
    [
        [LSTM],
        [LSTM, LSTM],
        [mlstm(), mlstm()],
        [mlstm(), LSTM],
        [LSTM, "mlstm"],
        [LSTM, {"kind": "gru"}],
        [LSTM, {}],
        [{**LSTM, "heads": 2}, mlstm()],
        [LSTM, mlstm(heads=0)],
        [LSTM, {**mlstm(), "heads": True}],
        [LSTM, {**mlstm(), "key": "4"}],
        [LSTM, {**mlstm(), "depth": 4}],
        [LSTM, {"kind": []}],
        [LSTM, mlstm(heads=8192, key=8192, value=8192)],
        "lstm",
        {"kind": "lstm"},
    ],
)
def test_other_blocks_are_refused(blocks: object) -> None:
    with pytest.raises(ConfigError):
        ModelConfig(60, 8, 12, 2, cell="xlstm", options={"blocks": blocks})


@pytest.mark.parametrize("pairs", [1, 4])
def test_told_pairs_come_back_before_any_training(pairs: int) -> None:
    """Words x y … x: the most likely next is y, unlike in a block that begins at random."""
    torch.manual_seed(4)
    blocks = [LSTM, {"kind": "mlstm", "heads": 4, "key": 16, "value": 16, "width": 128}]
    config = ModelConfig(400, 64, 12, 2, cell="xlstm", options={"blocks": blocks})
    model = LanguageModel(config).eval().requires_grad_(False)
    model.projection.weight[:, config.hidden_size :] = torch.eye(64)
    told = torch.stack([torch.randperm(399)[: 2 * pairs] + 1 for _ in range(50)])
    asked = torch.cat((told, told[:, :1]), dim=1)

    def right() -> float:
        logits, _ = model(asked)
        return float((logits[:, -1].argmax(1) == told[:, 1]).float().mean())

    assert right() < 0.1
    model.layers.open_addresses(model.embedding.weight, torch.ones(400), seed=0)
    assert right() > 0.9


def test_common_tokens_are_written_weakly_before_any_training() -> None:
    torch.manual_seed(4)
    config = ModelConfig(400, 64, 12, 2, cell="xlstm")
    model = LanguageModel(config).eval().requires_grad_(False)
    frequencies = torch.ones(400)
    frequencies[:8] = 400.0
    model.layers.open_addresses(model.embedding.weight, frequencies, seed=0)
    block = model.layers.blocks[0]
    embedding = model.embedding.weight.unsqueeze(0)
    x = torch.cat((torch.zeros(1, 400, 12), embedding, torch.zeros_like(embedding)), dim=-1)
    i = block.read(x, torch.zeros(1, 3, block.sizes.width)).log_i[0].exp().mean(1)
    assert i[:8].max() < i[8:].min()
    assert i[8:].mean() > 2 * i[:8].mean()
