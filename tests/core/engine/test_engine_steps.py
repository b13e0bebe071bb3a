import pytest
import torch

from memory_app.core.engine.request import Output, Request, Status
from memory_app.core.engine.scheduler import EngineFull, Scheduler
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling
from tests.core.engine.small import events_of, make_engine, make_request, run


def _tokens(outputs):
    return {output.request.id for output in outputs if output.event is not None}


def test_every_running_reply_gets_one_token_a_step_and_others_join_and_leave_between(model):
    engine = make_engine(model)
    engine.add(make_request(model, 1, length=0, max_tokens=8))
    engine.add(make_request(model, 2, length=0, max_tokens=4))
    assert [_tokens(engine.step()) for _ in range(3)] == [set(), {1, 2}, {1, 2}]
    engine.add(make_request(model, 3, length=0, max_tokens=2))
    assert [_tokens(engine.step()) for _ in range(3)] == [{1, 2}, {1, 2, 3}, {1, 3}]
    assert [_tokens(engine.step()) for _ in range(3)] == [{1}, {1}, {1}]
    assert not engine.has_work


def test_a_prompt_of_4000_tokens_holds_up_neither_who_runs_nor_who_comes_after(model):
    engine = make_engine(model, slice_length=20)
    running = make_request(model, 1, length=0, min_tokens=300, max_tokens=300)
    engine.add(running)
    engine.step()
    long, short = make_request(model, 2, length=4000), make_request(model, 3, length=5)
    engine.add(long)
    engine.add(short)
    steps = [_tokens(engine.step()) for _ in range(40)]
    assert all(1 in served for served in steps)
    assert any(3 in served for served in steps[:5])
    assert long.status is Status.PREFILL
    while engine.has_work:
        engine.step()
    assert len(long.reply_ids) == 20


@pytest.mark.parametrize("fed_steps", [1, 4])
def test_a_newcomer_and_a_cancel_in_mid_prefill_change_nothing_for_the_others(model, fed_steps):
    alone = make_request(model, 1, length=500)
    expected = events_of(run(make_engine(model), [alone]), alone)
    engine = make_engine(model, slice_length=20)
    left, request, newcomer = (
        make_request(model, number, length=length)
        for number, length in ((3, 480), (1, 500), (2, 7))
    )
    engine.add(left)
    engine.add(request)
    outputs = [engine.step() for _ in range(fed_steps)]
    assert 0 < left.fed < 480
    engine.abort(left)
    outputs += [engine.step()]
    assert left.finish_reason == "stopped"
    assert request.status is Status.PREFILL
    outputs += run(engine, [newcomer])
    events = events_of(outputs, request)
    assert [event.token_id for event in events] == [event.token_id for event in expected]
    for ours, theirs in zip(events, expected, strict=True):
        assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-3)


def test_no_more_than_max_batch_run_and_the_rest_follow_in_order(model):
    engine = make_engine(model, max_batch=3)
    requests = [make_request(model, number, max_tokens=3) for number in range(10)]
    started = []
    for request in requests:
        engine.add(request)
    while engine.has_work:
        engine.step()
        assert len(engine.scheduler.running) <= 3
        started += [r.id for r in requests if r.reply_ids and r.id not in started]
    assert started == sorted(started)
    assert len(started) == 10


def test_too_many_waiting_are_refused(model):
    engine = make_engine(model, max_waiting=2)
    engine.add(make_request(model, 1))
    engine.add(make_request(model, 2))
    with pytest.raises(EngineFull):
        engine.add(make_request(model, 3))


@pytest.mark.parametrize("steps", [0, 1, 3, 6])
def test_an_abort_ends_a_reply_at_the_next_step_wherever_it_stands(model, steps):
    engine = make_engine(model, max_batch=2, slice_length=20)
    requests = [
        make_request(model, number, length=length, max_tokens=30)
        for number, length in enumerate((0, 3000, 0))
    ]
    for request in requests:
        engine.add(request)
    outputs = [engine.step() for _ in range(steps)]
    for request in requests:
        engine.abort(request)
        engine.abort(request)
    last = engine.step()
    assert [output.finish_reason for output in last if output.finish_reason] == ["stopped"] * 3
    assert not engine.has_work
    assert not _tokens(last)
    # The token that was sampled and not yet put out was never sent, so it is no part of R.
    assert len(events_of(outputs, requests[0])) == max(0, steps - 1)
    engine.abort(requests[0])
    assert engine.step() == []


def test_a_leavers_row_goes_to_another_without_a_trace(model):
    # The same reply, in rows that others held before and with neighbours that leave around it.
    alone = make_request(model, 50, max_tokens=40)
    expected = [event.token_id for event in events_of(run(make_engine(model), [alone]), alone)]
    engine = make_engine(model, max_batch=5)
    run(engine, [make_request(model, number, max_tokens=1 + number) for number in range(9)])
    request = make_request(model, 50, max_tokens=40)
    others = [make_request(model, number, max_tokens=1 + 3 * number) for number in range(12)]
    outputs = run(engine, [*others[:2], request, *others[2:]])
    assert [event.token_id for event in events_of(outputs, request)] == expected


@pytest.mark.parametrize("phase", ["feed", "advance"])
def test_a_fault_of_the_model_fails_those_in_it_and_the_engine_lives_on(model, phase, monkeypatch):
    engine = make_engine(model, slice_length=20)
    running = make_request(model, 1, length=0, min_tokens=50, max_tokens=50)
    engine.add(running)
    for _ in range(3):
        engine.step()
    fed, later = make_request(model, 2, length=4000), make_request(model, 3, length=4001)
    engine.add(fed)
    engine.add(later)

    def faulty(*args):
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patched:
        patched.setattr(engine.runner, phase, faulty)
        patched.setattr(engine.scheduler, "slice_length", 4000 if phase == "feed" else 20)
        outputs = engine.step()
    failed, lives = (running, fed) if phase == "advance" else (fed, running)
    assert next(o.request for o in outputs if o.finish_reason == "failed") is failed
    assert lives.status is not Status.FINISHED
    after = make_request(model, 4)
    run(engine, [after])
    assert lives.finish_reason == after.finish_reason == "length"


def test_what_cannot_be_served_is_refused_at_once(model):
    engine = make_engine(model)
    blank = State.zeros(model.config)
    with pytest.raises(ValueError, match="prompt"):
        Request(1, [], blank, Sampling())
    with pytest.raises(ValueError, match="negative"):
        Request(1, [-1], blank, Sampling())
    with pytest.raises(ValueError, match="batch 1"):
        Request(1, [5], State.zeros(model.config, 2), Sampling())
    with pytest.raises(ValueError, match="vocabulary"):
        engine.add(Request(1, [97], blank, Sampling()))
    with pytest.raises(ValueError, match="shape"):
        engine.add(
            Request(
                1, [5], State.of_parts(h=torch.zeros(1, 1, 4), c=torch.zeros(1, 1, 4)), Sampling()
            )
        )
    with pytest.raises(ValueError, match="output"):
        Output(Request(1, [5], blank, Sampling()))
    with pytest.raises(ValueError, match="room"):
        Scheduler(0, 1, 1)


def test_the_state_given_is_not_written_into(model):
    request = make_request(model, 1)
    before = request.state.clone()
    run(make_engine(model), [request])
    assert request.state.to_bytes() == before.to_bytes()
