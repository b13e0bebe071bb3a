"""Replies that fit whatever is said."""

import random

import pytest

from memory_app.core.data.batching import Mixture
from memory_app.core.data.dialogues import Source
from memory_app.core.facts import language_of
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer

REPLIES = language_of("en").backchannels


def test_questions_and_statements_get_their_own_and_short_words_none() -> None:
    rng = random.Random(1)
    asked = {REPLIES.reply(rng, "do you like the sea? ") for _ in range(300)}
    told = {REPLIES.reply(rng, "We went to the sea.") for _ in range(500)}
    assert asked == set(REPLIES.to_questions)
    assert told == set(REPLIES.to_statements)
    assert REPLIES.reply(rng, "oh well") is None


@pytest.mark.parametrize(
    "said",
    ["How are you today?", "hi, how r u doing", "And who are you?", "How's it going, my friend?"],
)
def test_who_asks_how_or_who_the_bot_is_gets_no_such_reply(said: str) -> None:
    assert REPLIES.reply(random.Random(1), said) is None
    assert REPLIES.reply(random.Random(1), "How are your plans for the summer?") is not None


def test_none_begins_as_a_refusal_does() -> None:
    refusals = {text.split()[0] for text in language_of("en").templates.dont_know}
    assert not refusals & {
        text.split()[0] for text in (*REPLIES.to_statements, *REPLIES.to_questions)
    }


def test_some_of_the_talk_between_facts_is_answered_so() -> None:
    talk = [[("user", "we saw the sea again"), ("bot", "it is wide")]]
    settings = TrainingSettings().changed({"facts": 1, "identity": 0})
    mixture = Mixture(settings, [Source("talk", talk)], Tokenizer.train(["the sea"] * 3, 270))
    rng = random.Random(2)
    drawn = [pair for _ in range(900) for pair in mixture._fillers(rng, 1)]
    of_talk = [reply for said, reply in drawn if said == "we saw the sea again"]
    listened = [reply for reply in of_talk if reply in REPLIES.to_statements]
    assert 0.25 < len(listened) / len(of_talk) < 0.45
    assert set(of_talk) - set(listened) == {"it is wide"}
