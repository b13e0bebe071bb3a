import json
import math

import pytest

from memory_app.core.sampling.settings import MAX_SEED, Sampling, SamplingError

BOUNDS = {
    "temperature": (0, 2),
    "top_k": (0, 1000),
    "top_p": (1e-9, 1),
    "min_p": (0, 0.999),
    "repetition_penalty": (1, 2),
    "min_tokens": (0, 512),
    "max_tokens": (1, 512),
    "seed": (0, 2**53 - 1),
}
OUTSIDE = {
    "temperature": (-0.001, 2.001),
    "top_k": (-1, 1001),
    "top_p": (0, 1.0001),
    "min_p": (-1e-9, 1),
    "repetition_penalty": (0.999, 2.001),
    "min_tokens": (-1, 513),
    "max_tokens": (0, 513),
    "seed": (-1, 2**53),
}
WHOLE = ("top_k", "min_tokens", "max_tokens", "seed")


def test_what_is_not_said_has_the_contracts_defaults_and_a_seed_of_its_own():
    first, second = Sampling.parse(None).to_dict(), Sampling.parse({}).to_dict()
    assert 0 <= first["seed"] <= MAX_SEED
    assert first.pop("seed") != second.pop("seed")
    assert first == second
    assert first == {
        "temperature": 0.8,
        "top_k": 0,
        "top_p": 0.95,
        "min_p": 0.0,
        "repetition_penalty": 1.1,
        "min_tokens": 0,
        "max_tokens": 200,
    }


@pytest.mark.parametrize("name", BOUNDS)
def test_the_ends_of_a_range_belong_to_it(name):
    for value in BOUNDS[name]:
        assert getattr(Sampling.parse({name: value}), name) == value


@pytest.mark.parametrize("name", OUTSIDE)
def test_out_of_range_is_refused_and_never_clamped(name):
    for value in OUTSIDE[name]:
        with pytest.raises(SamplingError, match=name):
            Sampling.parse({name: value})


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize(
    "value",
    [True, False, None, "1", [1], {}, math.nan, math.inf, pytest.param(10**5000, id="huge")],
)
def test_another_type_is_refused(name, value):
    with pytest.raises(SamplingError, match=name):
        Sampling.parse({name: value})


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_with_a_point_is_of_another_type(name):
    with pytest.raises(SamplingError, match="whole number"):
        Sampling.parse({name: 5.0})


@pytest.mark.parametrize("data", [[], "temperature", 1, True, {"temp": 1}, {"": 1}, {1: 1}])
def test_what_is_no_mapping_of_known_settings_is_refused(data):
    with pytest.raises(SamplingError):
        Sampling.parse(data)


def test_an_error_is_one_sentence_and_shortens_a_long_key():
    with pytest.raises(SamplingError) as caught:
        Sampling.parse({"x" * 5000: 1})
    assert len(str(caught.value)) < 100
    assert str(caught.value).endswith(".")


def test_settings_survive_their_way_through_json():
    sampling = Sampling.parse({"temperature": 1, "seed": MAX_SEED, "top_k": 7})
    assert Sampling.parse(json.loads(json.dumps(sampling.to_dict()))) == sampling


def test_more_tokens_at_least_than_at_most_are_two_valid_settings():
    assert Sampling.parse({"min_tokens": 100, "max_tokens": 50}).max_tokens == 50
