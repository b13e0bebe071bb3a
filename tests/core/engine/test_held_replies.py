"""Replies with gates held: decoded by themselves, beside a batch that goes on."""

from dataclasses import replace

import torch

from memory_app.core.cells.hold import Hold
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.model.replay import replay
from tests.core.engine.small import END, events_of, make_engine, make_request, run

HOLD = Hold((("f", 0, None, 1.0), ("i", 1, 3, 0.0)), 0.5)


def held_request(model, number=1, **settings):
    request = make_request(model, number, **settings)
    return replace(request, hold=HOLD)


def test_one_seed_gives_one_reply_alone_and_in_a_crowd(model):
    alone = held_request(model)
    run(make_engine(model), [alone])
    crowd = [make_request(model, number) for number in range(5)]
    again, other = held_request(model), held_request(model, 2)
    outputs = run(make_engine(model, max_batch=2), [*crowd, again, other])
    assert again.reply_ids == alone.reply_ids
    assert again.finish_reason == alone.finish_reason == "length"
    assert other.reply_ids != again.reply_ids
    events = [event.token_id for event in events_of(outputs, again)]
    assert events == again.reply_ids
    assert len(events) == 20
    # The batch is what it would be without them.
    for number, request in enumerate(crowd):
        plain = make_request(model, number)
        run(make_engine(model), [plain])
        assert plain.reply_ids == request.reply_ids


def test_held_gates_make_another_reply(model):
    plain, held = make_request(model, 1), held_request(model)
    run(make_engine(model), [plain])
    run(make_engine(model), [held])
    assert plain.reply_ids != held.reply_ids


def test_decoding_and_replay_agree(model):
    request = held_request(model, temperature=0)
    outputs = run(make_engine(model), [request])
    ids = [*request.prompt_ids, *request.reply_ids]
    trace = LayeredTrace(model, request.state, ids, HOLD)
    logits = model.logits(trace.outputs(1)).log_softmax(dim=-1)
    means = trace.gate_means()
    first = len(request.prompt_ids)
    for place, event in enumerate(events_of(outputs, request), first):
        assert abs(event.logprob - float(logits[place - 1][event.token_id])) < 1e-4
        torch.testing.assert_close(
            torch.tensor(event.gates), torch.tensor(means[place]), atol=2e-4, rtol=0
        )
    assert replay(model, request.state, ids, HOLD).layers[0]["c"].shape == (1, 32)


def test_a_running_reply_gets_a_token_a_step_meanwhile(model):
    engine = make_engine(model)
    running, held = make_request(model, 0), held_request(model, length=40)
    engine.add(running)
    engine.step()
    engine.add(held)
    for _ in range(10):
        before = len(running.reply_ids)
        engine.step()
        assert len(running.reply_ids) == before + 1


def test_it_stops_and_fails_like_any_other(model, monkeypatch):
    engine = make_engine(model)
    stopped, broken = held_request(model, 1), held_request(model, 2)
    engine.add(stopped)
    for _ in range(8):
        engine.step()
    engine.abort(stopped)
    engine.step()
    assert stopped.finish_reason == "stopped"
    assert not engine.has_work
    engine.add(broken)
    monkeypatch.setattr(type(model.layers), "held_layer_step", None)
    engine.step()
    assert broken.finish_reason == "failed"
    assert not engine.has_work


def test_the_model_may_end_it(model):
    request = held_request(model)
    model.head.bias[END] = 1e4
    run(make_engine(model), [request])
    assert (request.finish_reason, request.reply_ids) == ("end", [])
