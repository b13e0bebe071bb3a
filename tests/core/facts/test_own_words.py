"""What corpora's users say of themselves is found, and asked for later in the same dialogue."""

import random

import pytest

from memory_app.core.facts.relations import ask_own_words, catalogue_of

CATALOGUE = catalogue_of("en")
TALK = [
    ("user", "Well, I have two old dogs at home."),
    ("bot", "Nice! I like cats."),
    ("user", "Do you have any?"),
    ("bot", "No, none."),
    ("user", "ok"),
    ("bot", "And you?"),
]


@pytest.mark.parametrize(
    ("said", "clause", "thing"),
    [
        ("I have two old dogs at home.", "I have two old dogs at home", "my dogs"),
        ("Yes, my wife is a teacher in Lima!", "my wife is a teacher in Lima", "my wife"),
        ("i love pizza with mushrooms", "i love pizza with mushrooms", "pizza"),
        ("I work as a nurse at a hospital", "I work as a nurse at a hospital", "my work"),
        ("Hm. We have a small garden behind the house", None, "my garden"),
    ],
)
def test_a_clause_about_oneself_is_found_with_its_thing(said, clause, thing):
    (words,) = CATALOGUE.own_words.find([("user", said), ("bot", "ok")])
    assert words.thing == thing
    assert clause is None or words.clause == clause


@pytest.mark.parametrize(
    "said",
    [
        "Do I have two dogs at home?",  # a question
        "I want that one over there",  # points elsewhere
        "I have been there before with friends",  # a past tense
        "I have dogs",  # too short to ask for
        "I have two dogs at home. My dogs are brown and old.",  # which of them would be meant?
    ],
)
def test_what_cannot_be_asked_for_is_passed_over(said):
    assert CATALOGUE.own_words.find([("user", said), ("bot", "ok")]) == []


def test_what_the_bot_says_of_itself_is_not_asked_for():
    assert CATALOGUE.own_words.find([("user", "hi"), ("bot", "I have two dogs at home.")]) == []


def test_the_answer_says_the_words_back_after_an_exchange_at_least():
    places = set()
    for seed in range(60):
        made, turns = ask_own_words(random.Random(seed), CATALOGUE, TALK)
        (turn,) = turns
        places.add(turn)
        assert made[: turn - 1] + made[turn + 1 :] == TALK
        assert [role for role, _ in made] == ["user", "bot"] * 4
        reply = made[turn][1]
        if "dogs" in made[turn - 1][1]:
            assert reply.endswith("you have two old dogs at home.")
        else:
            assert "dogs" not in reply
    assert places == {5, 7}


def test_a_dialogue_without_such_words_stays_as_it_is():
    talk = [("user", "hi"), ("bot", "hello"), ("user", "bye"), ("bot", "bye")]
    assert ask_own_words(random.Random(1), CATALOGUE, talk) == (talk, set())


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_dialogue_that_ends_too_soon_after_the_words_stays_as_it_is(length):
    talk = TALK[:length]
    assert ask_own_words(random.Random(1), CATALOGUE, talk) == (talk, set())


def test_a_dialogue_may_end_with_the_user():
    made, turns = ask_own_words(random.Random(1), CATALOGUE, TALK[:5])
    assert turns == {5}
    assert made[6] == TALK[4]
