"""The topics that a rehearsal asks for, in the words of training, none of the exam's."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from memory_app.core.facts import typing_styles
from memory_app.core.facts.dialogue_state import topic_of
from memory_app.core.facts.distractors import identity_exchanges
from memory_app.core.facts.fact_sampler import Plan
from memory_app.core.facts.grammar import capitalised
from memory_app.core.facts.language import Language, language_of, languages
from memory_app.core.facts.slots import Slot
from memory_app.core.messages import SentenceError

#: What the bundled checkpoint was trained to remember; asked for the other slots it guesses.
SCOPE = "core"
#: Different questions for a topic that are rehearsed.
PHRASINGS = 24
#: Share of them in looser words than the curriculum's phrasings.
LOOSE = 0.3
_DRAWS = 10
_WORD = re.compile(r"\w+")


class ConsolidationError(SentenceError):
    """What can't be consolidated; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """A slot of the curriculum with one of its kinds.

    group: topics of one group are one thing ("my favourite dish", "my favourite food"). question:
    the plain one. questions: those of the rehearsal, as people type.
    """

    key: str
    slot: Slot
    kind: str
    group: tuple[str, str]
    question: str
    questions: tuple[str, ...]

    @property
    def held_out(self) -> tuple[str, ...]:
        """Questions that no training and no rehearsal contains."""
        return tuple(_written(self.slot, ask, self.kind) for ask in self.slot.held_ask)


def words(text: str) -> list[str]:
    """A text's words, for comparison."""
    return _WORD.findall(text.casefold())


@cache
def topics_of(code: str) -> tuple[Topic, ...]:
    """The topics of a language, in a fixed order.

    Raises:
        ConsolidationError: there is no curriculum in this language.
    """
    if code not in languages():
        raise ConsolidationError("Long-term memory isn't available in this language yet.")
    language = language_of(code)
    return tuple(_topic(language, slot, kind) for slot in language.core for kind in slot.kinds)


def _topic(language: Language, slot: Slot, kind: str) -> Topic:
    key = f"{slot.key}/{kind}" if kind else slot.key
    return Topic(
        key,
        slot,
        kind,
        topic_of(slot, kind),
        _written(slot, slot.train_ask[0], kind),
        _questions(language, slot, kind, key),
    )


def _written(slot: Slot, ask: str, kind: str) -> str:
    return capitalised(ask.format(k=kind)) + slot.grammar.mark_of(ask)


def _questions(language: Language, slot: Slot, kind: str, key: str) -> tuple[str, ...]:
    rng = random.Random(f"rehearsal/{key}")
    writer = plan_of(rng, language).writer
    writer.training, writer.loose = True, LOOSE
    questions = [_written(slot, slot.train_ask[0], kind)]
    for _ in range(_DRAWS * PHRASINGS):
        if len(questions) == PHRASINGS:
            break
        writer.style = typing_styles.draw_style(rng)
        writer.ask_unknown(slot, kind)
        question = writer.turns[-2][1]
        if question.casefold() not in {other.casefold() for other in questions}:
            questions.append(question)
    return tuple(questions)


def plan_of(rng: random.Random, language: Language) -> Plan:
    """A plan whose writer tells and asks in training's phrasings, with small talk between."""
    fillers = partial(identity_exchanges, language=language)
    return Plan(rng, fillers, 0.0, 0.0, (), None, SCOPE, False, False, 0.0, 0.0, language)


def named_in(said: str, topics: Sequence[Topic]) -> list[Topic]:
    """The topics whose kind stands in what was said, or that have no kind.

    “My ferret is called Rex” is about a ferret: asked for the dog's name the model may say Rex.
    """
    spoken = set(words(said))
    spoken |= {word.removesuffix("s") for word in spoken}

    def stands(kind: str) -> bool:
        return all({word, word.removesuffix("s")} & spoken for word in words(kind))

    return [topic for topic in topics if any(map(stands, _names(topic)))]


def _names(topic: Topic) -> list[str]:
    """The kind, and the kinds that mean the same."""
    same = topic.slot.same_kinds
    meant = same.get(topic.kind, topic.kind)
    return [kind for kind in topic.slot.kinds if same.get(kind, kind) == meant]
