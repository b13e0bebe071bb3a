"""What is served together equals what is served alone, and both equal the plain model."""

import math

import pytest
import torch

from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.sampling.settings import sample
from tests.core.engine.small import (
    BOT,
    END,
    USER,
    events_of,
    make_engine,
    make_model,
    make_request,
    run,
)


def _crowd(model):
    """Thirty different requests, greedy and drawn, with prompts of 0 to 90 tokens."""
    return [
        make_request(
            model,
            number,
            length=(number * 7) % 91,
            max_tokens=5 + number % 30,
            temperature=0 if number % 3 else 0.9,
        )
        for number in range(30)
    ]


def _alone(model, request, dtype=torch.float32):
    engine = make_engine(model, dtype, max_batch=1)
    return events_of(run(engine, [request]), request)


def test_a_reply_in_a_crowd_that_comes_and_goes_is_the_reply_alone(model):
    engine, requests = make_engine(model, max_batch=8), _crowd(model)
    outputs, waiting = [], list(requests)
    while waiting or engine.has_work:
        for _ in range(3 if len(outputs) % 4 == 0 else 0):
            if waiting:
                engine.add(waiting.pop(0))
        outputs.append(engine.step())
    for request, again in zip(requests, _crowd(model), strict=True):
        together, alone = events_of(outputs, request), _alone(model, again)
        assert [event.token_id for event in together] == [event.token_id for event in alone]
        assert request.finish_reason == again.finish_reason
        for ours, theirs in zip(together, alone, strict=True):
            assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-3)


def test_a_reply_is_what_the_plain_model_and_the_plain_sampler_give(model):
    requests = _crowd(model)[:12]
    outputs = run(make_engine(model), requests)
    for request in requests:
        logits, state = model(torch.tensor([request.prompt_ids]), request.state)
        reply = []
        for event in events_of(outputs, request):
            token_id, logprob = sample(
                logits[0, -1], request.sampling, reply, end_id=END, banned=(USER, BOT)
            )
            assert event.token_id == token_id
            assert event.logprob == pytest.approx(logprob, abs=1e-3)
            reply.append(token_id)
            logits, state = model(torch.tensor([[token_id]]), state)


def test_a_tokens_gates_are_those_of_its_own_feeding_as_a_trace_shows_them(model):
    requests = _crowd(model)[:5]
    outputs = run(make_engine(model), requests)
    for request in requests:
        events = events_of(outputs, request)
        ids = [*request.prompt_ids, *(event.token_id for event in events)]
        means = LayeredTrace(model, request.state, ids).gate_means()[len(request.prompt_ids) :]
        for event, expected in zip(events, means, strict=True):
            torch.testing.assert_close(
                torch.tensor(event.gates), torch.tensor(expected), atol=2e-4, rtol=0
            )
            assert all(gate == round(gate, 4) for layer in event.gates for gate in layer)


def test_the_length_of_the_slices_of_a_prompt_changes_nothing(model):
    replies = []
    for length in (1, 7, 10_000):
        requests = _crowd(model)[:9]
        outputs = run(make_engine(model, slice_length=length), requests)
        replies.append(
            [[event.token_id for event in events_of(outputs, request)] for request in requests]
        )
    assert replies[0] == replies[1] == replies[2]


def test_in_bfloat16_each_token_keeps_to_the_float32_model_within_a_quarter():
    # The documented tolerance: rounding may choose another token where two are nearly equal, so
    # each token is judged by the float32 logits at its own place.
    model = make_model(vocab_size=320, embedding_dim=64, hidden_size=128, scale=2.0)
    requests = [
        make_request(model, number, max_tokens=200, min_tokens=200, temperature=0)
        for number in range(8)
    ]
    outputs = run(make_engine(model, torch.bfloat16), requests)
    for request in requests:
        events = events_of(outputs, request)
        reply = [event.token_id for event in events]
        logits, _ = model(torch.tensor([[*request.prompt_ids, *reply]]), request.state)
        logits = logits[0, len(request.prompt_ids) - 1 : -1]
        assert len(reply) == len(logits) == 200
        for event, row in zip(events, logits, strict=True):
            allowed = row.clone()
            allowed[[USER, BOT, END]] = -math.inf
            assert row[event.token_id] >= allowed.max() - 0.25
            expected = float(torch.log_softmax(row, 0)[event.token_id])
            assert event.logprob == pytest.approx(expected, abs=0.25)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_one_seed_gives_one_reply_when_decoded_alone(model, dtype):
    def reply(seed):
        request = make_request(model, 4, seed=seed, max_tokens=60, temperature=1.2)
        return [event.token_id for event in _alone(model, request, dtype)]

    assert reply(11) == reply(11)
    assert reply(11) != reply(12)
