"""The chat that the front page plays: recorded with the bundled English model, greedy replies.

tests/acceptance/test_recorded_chat.py computes it anew and prints what to write here when the
bundled model changes.
"""

from dataclasses import dataclass

#: Name of the checkpoint that spoke, and its language.
MODEL, LANGUAGE = "gatescope-en-7", "en"
#: What the panel asks, by label.
QUESTIONS = {"name": "What is my name?", "home": "Where do I live?", "work": "What is my job?"}


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """A message with its reply, and of each question the answer's value and its probability.

    None: the memory gives no answer ("doesn’t know").
    """

    message: str
    reply: str
    answers: tuple[tuple[str, float] | None, ...]


TURNS = (
    RecordedTurn(
        "My name is Clara and I live in Oslo.",
        "I see, you're Clara and you live in Oslo.",
        (("Clara", 1.0), ("Oslo", 0.99), None),
    ),
    RecordedTurn(
        "I work as a nurse.",
        "I'll remember that you are a nurse.",
        (("Clara", 1.0), ("Oslo", 0.87), ("nurse", 0.96)),
    ),
    RecordedTurn(
        "It is raining today.",
        "I can't feel it, but it sounds cold.",
        (("Clara", 1.0), ("Oslo", 0.86), ("nurse", 0.96)),
    ),
    RecordedTurn(
        "No, I live in Rome.",
        "Okay, I'll remember that you live in Rome.",
        (("Clara", 0.99), ("Rome", 1.0), ("nurse", 0.81)),
    ),
    RecordedTurn(
        "Where do I live?",
        "You live in Rome.",
        (("Clara", 0.99), ("Rome", 1.0), ("nurse", 0.79)),
    ),
)
