"""A row's adapter changes what that row says, and not a bit of any other row or of any state."""

import pytest
import torch

from memory_app.core.cells.hold import Hold
from memory_app.core.engine.ask import ask
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import sample
from tests.core.engine.small import BOT, END, USER, events_of, make_engine, make_request, run

DTYPES = (torch.float32, torch.bfloat16)


def adapter_of(model, seed, rank=4, scale=1.5):
    generator = torch.Generator().manual_seed(1000 + seed)
    config = model.config
    up = torch.randn(config.embedding_dim, rank, generator=generator)
    down = torch.randn(rank, config.output_size, generator=generator)
    return Adapter("a" * 64, scale * up, scale * down, (f"chat {seed}",))


def with_adapter(request, adapter):
    request.adapter = adapter
    return request


def _requests(model, adapters):
    return [
        with_adapter(make_request(model, number, temperature=0.9 * (number % 2)), adapter)
        for number, adapter in enumerate(adapters)
    ]


def _events(model, adapters, dtype):
    """The events of a batch of one request for each entry: an adapter, or None."""
    requests = _requests(model, adapters)
    outputs = run(make_engine(model, dtype, max_batch=len(adapters)), requests)
    return [events_of(outputs, request) for request in requests]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_neighbours_adapter_changes_no_bit_of_a_row(model, dtype):
    plain = _events(model, [None] * 6, dtype)
    for place in range(6):
        adapters = [None] * 6
        adapters[place] = adapter_of(model, place)
        beside = _events(model, adapters, dtype)
        assert beside[place] != plain[place]
        for other in set(range(6)) - {place}:
            assert beside[other] == plain[other]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_with_an_adapter_is_the_same_whichever_adapters_stand_beside_it(model, dtype):
    own = adapter_of(model, 7)
    alone = _events(model, [None, None, own, None, None, None], dtype)[2]
    for others in (3, 5):
        adapters = [adapter_of(model, n, rank=2 + n) if n < others else None for n in range(6)]
        adapters[2] = own
        assert _events(model, adapters, dtype)[2] == alone


def test_a_batch_that_comes_and_goes_keeps_each_row_its_own_adapter(model):
    """Twenty requests on five rows: leavers are replaced by the last row, with its adapter."""
    adapters = [adapter_of(model, n, rank=1 + n % 6) if n % 3 else None for n in range(20)]
    requests = _requests(model, adapters)
    for number, request in enumerate(requests):
        object.__setattr__(request.sampling, "max_tokens", 3 + number % 7)
    engine = make_engine(model, max_batch=5)
    outputs = run(engine, requests)
    for request, adapter in zip(requests, adapters, strict=True):
        state = request.state
        ids, said = [*request.prompt_ids], []
        for event in events_of(outputs, request):
            hidden, _ = model.hidden(torch.tensor([ids + said]), state)
            logits = model.logits(hidden[0, -1], adapter)
            token, logprob = sample(logits, request.sampling, said, end_id=END, banned=(USER, BOT))
            assert event.token_id == token
            assert event.logprob == pytest.approx(logprob, abs=1e-3)
            said.append(token)
    assert engine._adapters.in_use == 0


def test_the_strip_of_gates_is_untouched(model):
    """Where the same token is fed, its gates are the same bits with an adapter and without."""
    with_one = _events(model, [adapter_of(model, 1), None], torch.float32)[0]
    without = _events(model, [None, None], torch.float32)[0]
    same = 0
    for ours, theirs in zip(with_one, without, strict=False):
        if ours.token_id != theirs.token_id:
            break
        assert ours.gates == theirs.gates
        same += 1
    assert same < len(without)


def test_a_zero_adapter_says_what_none_says(model):
    zero = Adapter("a" * 64, torch.zeros(16, 3), torch.zeros(3, 32))
    assert _events(model, [zero, None], torch.float32) == _events(
        model, [None, None], torch.float32
    )


def test_a_held_reply_is_spoken_with_its_adapter(model):
    held = Hold(freeze=(), forget_bias=0.0)
    adapter = adapter_of(model, 3)
    plain, changed = (make_request(model, 1, temperature=0) for _ in range(2))
    plain.hold = changed.hold = held
    changed.adapter = adapter
    outputs = run(make_engine(model), [plain, changed])
    beside = _events(model, [None, adapter], torch.float32)
    said = [event.token_id for event in events_of(outputs, changed)]
    assert said != [event.token_id for event in events_of(outputs, plain)]
    batch = with_adapter(make_request(model, 1, temperature=0), adapter)
    again = events_of(run(make_engine(model), [batch]), batch)
    assert said == [event.token_id for event in again]
    assert beside


def test_questions_are_asked_with_an_adapter_each(model):
    state = State.zeros(model.config)
    adapter = adapter_of(model, 5)
    prompt = [USER, 5, 6, END, BOT]
    engine = make_engine(model)
    both = ask(engine, [(state, prompt)] * 2, max_tokens=8, adapters=[None, adapter])
    assert both[0] == ask(engine, [(state, prompt)], max_tokens=8)[0]
    assert both[0] != both[1]


def test_an_adapter_of_another_shape_is_refused(model):
    request = make_request(model)
    request.adapter = Adapter("a" * 64, torch.zeros(16, 3), torch.zeros(3, 31))
    with pytest.raises(ValueError, match="adapter"):
        make_engine(model).add(request)
