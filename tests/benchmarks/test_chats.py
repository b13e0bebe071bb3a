"""The scripted chats ask for what they told, after it, and count what is right."""

import random

import pytest

from benchmarks.quality import scripted_chats as module
from benchmarks.quality.scripted_chats import UNTOLD_TOPIC, VALUES, Line, chats, hold, script
from memory_app.core.evaluation.recall import contains_value
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

SCRIPTS = [script(random.Random(seed)) for seed in range(200)]


def test_every_answer_was_said_last_before_its_question() -> None:
    for lines in SCRIPTS:
        for place, line in enumerate(lines):
            if not line.answer:
                continue
            before = [other.said for other in lines[:place] if not other.topic]
            homes = {*VALUES["home"], *module.NEW_HOMES}
            values = homes if line.topic == "home" else set(VALUES[line.topic])
            told = [value for said in before for value in values if contains_value(said, value)]
            assert told[-1] == line.answer


def test_every_topic_is_asked_for_at_the_end_and_two_things_in_vain() -> None:
    for lines in SCRIPTS:
        assert {line.topic for line in lines[-7:-1]} == set(VALUES)
        untold = [line.said for line in lines if line.topic == UNTOLD_TOPIC]
        assert len(set(untold)) == 2


def test_some_messages_tell_two_things_and_read_as_one_does() -> None:
    values = [value for values in VALUES.values() for value in values]
    tellings = [line.said for lines in SCRIPTS for line in lines[:-8] if not line.topic]
    two = [said for said in tellings if sum(contains_value(said, value) for value in values) == 2]
    assert 0.3 < len(two) / len(SCRIPTS) < 2
    assert all(said[0].isupper() and said.endswith(".") for said in two)
    assert not any("and My" in said or "and Hi" in said or "and hi" in said for said in two)


def test_no_value_of_two_topics_is_the_same() -> None:
    told = [value for values in VALUES.values() for value in values]
    assert len(told) == len(set(told))


def test_an_answer_is_right_that_names_it_and_an_abstention_where_nothing_was_told() -> None:
    told, untold = Line("What is my name?", "name", "Tom"), Line("How old am I?", UNTOLD_TOPIC)
    assert told.is_right("You're Tom.")
    assert not told.is_right("I don't know your name.")
    assert untold.is_right("I don't know how old you are.")
    assert not untold.is_right("You are 40.")


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["hello there, you", "my name is Tom"] * 9, 280)


def test_shares_are_of_the_questions_asked(tokenizer: Tokenizer, monkeypatch) -> None:
    """A model that knows all but the music, and abstains from nothing."""

    def knows(model, tokenizer, scripts, seed):
        return [
            ["no idea" if line.topic == "music" else line.answer or "40" for line in lines]
            for lines in scripts
        ]

    monkeypatch.setattr(module, "hold", knows)
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 8, 12, 1))
    found = chats(model, tokenizer, count=5)
    assert found["by_topic"] == {topic: float(topic != "music") for topic in sorted(VALUES)}
    assert found["untold"] == 0.0
    assert found["untold_interval"][0] == 0.0
    assert 0.6 < found["told"] < 0.95


def test_chats_of_other_lengths_beside_it_change_no_chat(tokenizer: Tokenizer) -> None:
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 8, 12, 1)).eval()
    short, long = SCRIPTS[0][:3], SCRIPTS[1][:5]
    beside = hold(model, tokenizer, [short, long], seed=1)
    assert [len(replies) for replies in beside] == [3, 5]
    assert beside[0] == hold(model, tokenizer, [short], seed=1)[0]
