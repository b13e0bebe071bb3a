"""Stored recall results: earlier ones keep their meaning, invalid ones break nothing."""

import pytest

from memory_app.core.evaluation.model_card import write_card
from memory_app.core.evaluation.stored_recall import current_names, open_shares, trials
from memory_app.core.evaluation.wilson import wilson

NEW = {
    "recall": {
        "open": 0.5,
        "several": 0.25,
        "several_core": 0.9,
        "forget": 1,
        "list": {"named": 0.3, "false": 0.0},
        "n": 20,
    }
}


def test_several_of_an_earlier_result_is_that_of_three_to_five_facts():
    old = {"recall": {"several": 0.8, "update": 0.9, "n": 50}, "loops": 0.0}
    assert current_names(old) == {
        "recall": {"several_core": 0.8, "update": 0.9, "n": 50},
        "loops": 0.0,
    }
    assert old["recall"]["several"] == 0.8
    assert current_names(NEW) == NEW


@pytest.mark.parametrize("odd", [None, "text", [1], {}, {"recall": "x"}, {"recall": {"n": 3}}])
def test_what_is_no_earlier_result_stays_as_it_is(odd):
    assert current_names(odd) == odd
    assert list(open_shares(odd)) == []


def test_shares_of_the_list_are_of_five_facts_a_question():
    shares = {path: (share, interval) for path, share, interval in open_shares(NEW)}
    assert list(shares) == ["open", "several", "forget", "list/named", "list/false"]
    assert shares["open"] == (0.5, wilson(10, 20))
    assert shares["list/named"] == (0.3, wilson(30, 100))
    assert (trials("open", 20), trials("list/false", 20)) == (20, 100)


@pytest.mark.parametrize("odd", [7, "0.5", True, float("nan"), None, {"named": 0.1}])
def test_a_share_that_is_none_is_left_out(odd):
    recall = {"open": odd, "others": 0.5, "list": odd, "n": 20}
    paths = [path for path, *_ in open_shares({"recall": recall})]
    assert paths == (["others", "list/named"] if isinstance(odd, dict) else ["others"])


@pytest.mark.parametrize("n", [0, -1, True, "20", 10**400, None])
def test_without_a_sound_number_of_questions_there_are_no_shares(n):
    assert list(open_shares({"recall": {"open": 0.5, "n": n}})) == []


def test_the_card_has_the_shares_with_their_intervals_where_there_are_any():
    card = write_card("mine", "ab" * 32, {"evaluation": NEW})
    assert "## Recall of facts of any kind" in card
    assert "| one of eight facts | 0.25 (0.11–0.47) |" in card
    assert "| asked what it knows: names, of five facts | 0.30 (0.22–0.40) |" in card
    assert "any kind" not in write_card("mine", "ab" * 32, {"evaluation": {"recall": {"n": 20}}})
