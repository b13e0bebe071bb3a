"""How a language puts words and sentences together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from memory_app.core.facts.text_file import Fields, Phrases


@dataclass(frozen=True, slots=True)
class Grammar:
    """article, article_before_vowel: {v} with its article; vowels: the letters that count as such.

    space: between words and sentences. between, before_last: between joined clauses. closing:
    marks after which a text needs no stop. imperatives: beginnings of questions that end in a stop.
    """

    article: Annotated[str, Fields("v", "v")]
    space: str
    between: str
    before_last: str
    stop: str
    question_mark: str
    closing: str
    article_before_vowel: Annotated[str, Fields("v", "v")] = "{v}"
    vowels: str = ""
    imperatives: Phrases = ()

    def with_article(self, value: str) -> str:
        """ "nurse" → "a nurse", "engineer" → "an engineer"."""
        before_vowel = value[0] in self.vowels
        return (self.article_before_vowel if before_vowel else self.article).format(v=value)

    def joined(self, clauses: Sequence[str]) -> str:
        """One clause, or several as one: "a, b and c"."""
        return self.before_last.join(filter(None, (self.between.join(clauses[:-1]), clauses[-1])))

    def mark_of(self, question: str) -> str:
        """The mark of a question: a full stop where it is worded as a request."""
        return self.stop if question.startswith(self.imperatives) else self.question_mark

    def is_closed(self, text: str) -> bool:
        """Whether a text ends in a mark already."""
        return text[-1] in self.closing

    def closed(self, text: str) -> str:
        """The text with a full stop, unless it ends in a mark already."""
        return text if self.is_closed(text) else text + self.stop

    def as_sentence(self, text: str) -> str:
        """A bot's sentence: capital first, closed."""
        return self.closed(capitalised(text))


def capitalised(text: str) -> str:
    """The first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]
