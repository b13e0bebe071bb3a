import pytest
import torch

from tests.core.engine.small import END, events_of, make_engine, make_model, make_request, run

LOOPING = 40


def _biased(token_id):
    """A model that always says one thing."""
    model = make_model()
    with torch.no_grad():
        model.head.bias[token_id] = 500.0
    return model


def _reply(model, **settings):
    request = make_request(model, **settings)
    events = events_of(run(make_engine(model), [request]), request)
    assert [event.token_id for event in events] == request.reply_ids
    return request


def test_the_end_token_ends_a_reply_and_is_no_part_of_it():
    request = _reply(_biased(END))
    assert (request.reply_ids, request.finish_reason) == ([], "end")


def test_until_min_tokens_the_end_is_not_chosen_and_then_it_is():
    for settings in ({}, {"temperature": 0}):
        request = _reply(_biased(END), min_tokens=7, max_tokens=20, **settings)
        assert len(request.reply_ids) == 7
        assert END not in request.reply_ids
        assert request.finish_reason == "end"


def test_max_tokens_is_the_most(model):
    request = _reply(model, max_tokens=9)
    assert (len(request.reply_ids), request.finish_reason) == (9, "length")
    assert _reply(model, max_tokens=1).finish_reason == "length"


def test_a_reply_may_have_512_tokens(model):
    assert len(_reply(model, min_tokens=512, max_tokens=512).reply_ids) == 512


def test_a_reply_that_loops_is_ended():
    request = _reply(_biased(LOOPING), max_tokens=200)
    assert request.reply_ids == [LOOPING] * 24
    assert request.finish_reason == "loop"


@pytest.mark.parametrize(
    ("settings", "length", "reason"),
    [
        ({"min_tokens": 60, "max_tokens": 60}, 60, "length"),
        ({"min_tokens": 40, "max_tokens": 60}, 40, "loop"),
        ({"min_tokens": 60, "max_tokens": 30}, 30, "length"),
    ],
)
def test_a_loop_is_not_ended_before_min_tokens(settings, length, reason):
    request = _reply(_biased(LOOPING), **settings)
    assert (len(request.reply_ids), request.finish_reason) == (length, reason)


@pytest.mark.parametrize("control", [0, 1])
def test_a_control_token_is_never_said(control):
    request = _reply(_biased(control), max_tokens=30, temperature=0)
    assert control not in request.reply_ids


def test_values_that_are_not_finite_fail_the_reply_and_not_its_neighbours(model):
    broken, sound = make_request(model, 1), make_request(model, 2)
    broken.state.layers[0]["c"][0, 0] = float("nan")
    outputs = run(make_engine(model), [broken, sound])
    assert (broken.finish_reason, events_of(outputs, broken)) == ("failed", [])
    assert sound.finish_reason == "length"
