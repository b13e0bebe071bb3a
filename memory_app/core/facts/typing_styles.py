"""As people type: any case, with or without a full stop, small words around, a rare typo."""

from __future__ import annotations

import random
from dataclasses import dataclass

from memory_app.core.facts.grammar import Grammar
from memory_app.core.facts.text_file import Phrases, Texts

NEAT, NO_STOP, LOWER, LOWER_CARRIER, LOWER_VALUE, UPPER = range(6)
_STYLES = (NEAT, NO_STOP, LOWER, LOWER_CARRIER, LOWER_VALUE, UPPER)
_STYLE_CUMULATIVE = (0.38, 0.52, 0.78, 0.89, 0.97, 1.0)
_KEPT_WORDS = 3  # of a carrier this short nothing is left out


@dataclass(frozen=True, slots=True)
class TypingStyles:
    """Small words around what people say, sentences beside it, words left out, put in, exchanged.

    No list of phrasings is as long as what people write, and so none is to be learned by heart.
    """

    grammar: Grammar
    statement_prefixes: Texts
    statement_suffixes: Texts
    question_prefixes: Texts
    question_suffixes: Texts
    sentences: Phrases
    small: Texts
    anywhere: Phrases
    other_words: dict[str, Texts]

    def loosened(self, rng: random.Random, template: str) -> str:
        """The template in other words: some left out, put in or exchanged, never its {fields}."""
        space = self.grammar.space
        words = template.split(space) if space else [template]
        x = rng.random()
        if x < 0.35 and len(words) > _KEPT_WORDS:
            small = [at for at, word in enumerate(words) if word.lower() in self.small]
            for at in sorted(rng.sample(small, min(len(small), rng.randint(1, 2))), reverse=True):
                del words[at]
        elif x < 0.7:
            for _ in range(rng.randint(1, 2)):
                words.insert(rng.randint(0, len(words)), rng.choice(self.anywhere))
        if x > 0.55:
            other = self.other_words
            words = [
                rng.choice(other[word]) if word in other and rng.random() < 0.6 else word
                for word in words
            ]
        return space.join(words) or template

    def finished(self, rng: random.Random, style: int, text: str, mark: str) -> str:
        """Case and final mark in this person's style."""
        if style == LOWER:
            text = text.lower()
            if "'" in text and rng.random() < 0.25:
                text = text.replace("'", "")
        elif style == UPPER:
            text = text.upper()
        elif style != LOWER_CARRIER:
            text = text[:1].upper() + text[1:]
        if self.grammar.is_closed(text):
            return text
        stop = 0.97 if style == NEAT else 0.0 if style == NO_STOP else 0.3
        if mark == self.grammar.question_mark:
            stop = 0.97 if style == NEAT else 0.6
        return text + mark if rng.random() < stop else text

    def statement(self, rng: random.Random, style: int, clause: str) -> str:
        """A filled clause as a message: a word before or after it now and then, case, full stop."""
        if rng.random() < 0.16:
            clause = rng.choice(self.statement_prefixes) + clause
        if rng.random() < 0.09:
            clause += rng.choice(self.statement_suffixes)
        text = self.finished(rng, style, clause, self.grammar.stop)
        x = rng.random()
        if x < 0.06:
            sentence = rng.choice(self.sentences)
            if style in (LOWER, LOWER_CARRIER):
                sentence = sentence.lower()
            first, second = (sentence, text) if x < 0.045 else (self.grammar.closed(text), sentence)
            return first + self.grammar.space + second
        return text

    def question(self, rng: random.Random, style: int, clause: str, mark: str | None = None) -> str:
        """A filled question as a message, with a question mark where no other mark is given."""
        mark = self.grammar.question_mark if mark is None else mark
        if rng.random() < 0.14:
            clause = rng.choice(self.question_prefixes) + clause
        if rng.random() < 0.06:
            clause += rng.choice(self.question_suffixes)
        return self.finished(rng, style, clause, mark)


def draw_style(rng: random.Random) -> int:
    """One person's way of typing."""
    x = rng.random()
    for style, bound in zip(_STYLES, _STYLE_CUMULATIVE, strict=True):
        if x < bound:
            return style
    return NEAT


def mistyped(rng: random.Random, template: str) -> str:
    """Swap or drop a letter inside one longer word of the carrier, never inside a {field}."""
    words = template.split(" ")
    places = [i for i, w in enumerate(words) if len(w) > 3 and w.isalpha()]
    if not places:
        return template
    place = rng.choice(places)
    word = words[place]
    at = rng.randrange(1, len(word) - 1)
    if rng.random() < 0.5:
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    else:
        words[place] = word[:at] + word[at + 1 :]
    return " ".join(words)


def fill(
    rng: random.Random, style: int, template: str, fields: dict[str, str], typo: float = 0.03
) -> str:
    """The template with its value put in, as this person would write the value."""
    if typo and rng.random() < typo:
        template = mistyped(rng, template)
    if style == LOWER_VALUE:
        fields = fields | {"v": fields["v"].lower(), "a": fields["a"].lower()}
    return template.format_map(fields)
