"""Drills: “My K is V.” … “What is my K?” with any two words, in a few surface patterns.

Nothing but the address can answer: keys, values and patterns are drawn independently.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from memory_app.core.facts.grammar import capitalised
from memory_app.core.facts.language import Language
from memory_app.core.facts.text_file import Fields, Phrases, Texts

#: Shares of the drills in which one pair is corrected, and one key asked that wasn't told.
CORRECTED, UNKNOWN = 0.12, 0.15
#: Share of the pairs whose value is two words.
TWO_WORDS = 0.15
_UNTIDY = 0.4


def words_of(pairs: int) -> int:
    """The fewest words that a drill of `pairs` pairs is drawn from."""
    return 3 * pairs + 2


@dataclass(frozen=True, slots=True)
class Drills:
    """Lists of one length, a place each a pattern: how a pair is told, asked, answered, unknown."""

    tell: Annotated[Texts, Fields("k v", "v")]
    ask: Annotated[Texts, Fields("k", "k")]
    answer: Annotated[Texts, Fields("k v", "v")]
    unknown: Annotated[Texts, Fields("k", "k")]
    correction: Annotated[Texts, Fields("t", "t")]
    acks: Phrases

    def __post_init__(self) -> None:
        if len({len(texts) for texts in (self.tell, self.ask, self.answer, self.unknown)}) > 1:
            raise ValueError("tell, ask, answer and unknown must be of one length.")

    def dialogue(
        self,
        rng: random.Random,
        language: Language,
        words: Sequence[str],
        pairs: int,
        noise: float = 1.0,
    ) -> tuple[list[tuple[str, str]], dict[int, float], tuple[int, str, str]]:
        """Turns, the bot's turns that answer, and (turn, key, value) of the last answer.

        Pairs of distinct words, one to three in a message, each asked once in any order.

        Raises:
            ValueError: fewer words than pairs take.
        """
        if len(words) < words_of(pairs):
            raise ValueError("A drill needs more words than that.")
        grammar = language.grammar
        drawn = rng.sample(words, words_of(pairs))
        spare, new = drawn[-1], drawn[-2]
        one_pattern = rng.random() < 0.4
        pattern = rng.randrange(len(self.tell))
        untidy = rng.random() < _UNTIDY * noise

        def typed(text: str, mark: str) -> str:
            if untidy:
                return text.lower() + (mark if rng.random() < 0.4 else "")
            return capitalised(text) + mark

        told: list[tuple[int, str, str]] = []  # pattern, key, value
        for index in range(pairs):
            key, value, second = drawn[3 * index : 3 * index + 3]
            if rng.random() < TWO_WORDS:
                value = f"{value} {second}"
            told.append((pattern if one_pattern else rng.randrange(len(self.tell)), key, value))
        turns: list[tuple[str, str]] = []
        start = 0
        while start < pairs:
            stop = start + rng.choice((1, 1, 2, 3))
            clauses = [self.tell[p].format(k=k, v=v) for p, k, v in told[start:stop]]
            message = (
                grammar.joined(clauses)
                if rng.random() < 0.5
                else f"{grammar.stop} ".join(map(capitalised, clauses))
            )
            turns += [("user", typed(message, grammar.stop)), ("bot", rng.choice(self.acks))]
            start = stop
        if rng.random() < CORRECTED:
            place = rng.randrange(pairs)
            p, key, _ = told[place]
            told[place] = (p, key, new)
            clause = self.tell[p].format(k=key, v=new)
            text = rng.choice(self.correction).format(t=clause)
            turns += [("user", typed(text, grammar.stop)), ("bot", rng.choice(self.acks))]
        answers: dict[int, float] = {}
        asked = list(told)
        rng.shuffle(asked)
        if rng.random() < UNKNOWN:
            asked.insert(rng.randrange(pairs), (pattern, spare, ""))
        last = (1, "", "")
        for p, key, value in asked:
            reply = (self.answer[p] if value else self.unknown[p]).format(k=key, v=value)
            turns += [
                ("user", typed(self.ask[p].format(k=key), grammar.question_mark)),
                ("bot", grammar.as_sentence(reply)),
            ]
            answers[len(turns) - 1] = 1.0
            last = (len(turns) - 1, key, value)
        return turns, answers, last
