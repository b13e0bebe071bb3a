"""Replies of somebody simple who listens, to whatever is said.

A model of some million parameters that learns to talk from people's talk alone says much that makes
no sense; it can always say these. None begins as the answer to a question for a fact does, or as
the refusal of one.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from memory_app.core.facts.grammar import Grammar
from memory_app.core.facts.text_file import Phrases, Texts, any_of

#: Words from which on a line is more than a greeting or a yes; letters where none parts words.
_A_LINE = 3


@dataclass(frozen=True, slots=True)
class Backchannels:
    """Replies to statements and to questions.

    of_oneself: regular expressions of questions that mean just that, how the other is, or who:
    neither "no idea" nor "what do you think?" answers them.
    """

    grammar: Grammar
    to_statements: Phrases
    to_questions: Phrases
    of_oneself: Texts
    _of_oneself: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_of_oneself", any_of("of_oneself", self.of_oneself))

    def reply(self, rng: random.Random, said: str) -> str | None:
        """A reply to what was said; None where it is too short, or asks who or how one is."""
        words = said.split() if self.grammar.space else said
        if len(words) < _A_LINE or self._of_oneself.search(said):
            return None
        asked = said.rstrip().endswith(self.grammar.question_mark)
        return rng.choice(self.to_questions if asked else self.to_statements)
