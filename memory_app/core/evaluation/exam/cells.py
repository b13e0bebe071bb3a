"""The cells about anything that people tell: open, several, others, forget."""

from __future__ import annotations

import random
from collections.abc import Callable

from memory_app.core.evaluation.exam.chat import (
    acknowledged,
    as_typed,
    draw_facts,
    draw_value,
    telling,
)
from memory_app.core.evaluation.exam.texts import ExamTexts, PersonRelation
from memory_app.core.evaluation.recall import Cells, Question
from memory_app.core.facts import Language
from memory_app.core.facts.distractors import own_fillers

#: Other exchanges between what is told and the question.
OPEN_GAP = SEVERAL_GAP = OTHERS_GAP = 2
#: Other exchanges between what is told, its taking back and the question.
FORGET_GAP = 1
SEVERAL_FACTS = 8
#: Of how many persons the same is told.
PERSONS = (2, 3)

Draw = Callable[[random.Random, ExamTexts, Language | None], Question]


def draw_open(rng: random.Random, texts: ExamTexts, language: Language | None) -> Question:
    """A fact of a relation that isn't among the usual ones."""
    (fact,) = draw_facts(rng, [item for item in texts.relations if not item.usual], 1)
    told = (telling(rng, texts, fact), *own_fillers(rng, OPEN_GAP, language))
    return Question(told, as_typed(rng, rng.choice(fact.relation.ask)), fact.value)


def draw_several(rng: random.Random, texts: ExamTexts, language: Language | None) -> Question:
    """Eight facts of eight relations, each in a turn of its own; one of them is asked for."""
    facts = draw_facts(rng, texts.relations, SEVERAL_FACTS)
    told = [telling(rng, texts, fact) for fact in facts]
    asked = rng.choice(facts)
    told += own_fillers(rng, SEVERAL_GAP, language)
    return Question(tuple(told), as_typed(rng, rng.choice(asked.relation.ask)), asked.value)


def draw_others(rng: random.Random, texts: ExamTexts, language: Language | None) -> Question:
    """The same relation of two or three persons; asked for one, the others' values are wrong."""
    relation = rng.choice(texts.persons)
    sayings = texts.sayings
    groups = ("", *map(rng.choice, (sayings.family, sayings.around, sayings.friends)))
    values: dict[str, str] = {}
    for person in rng.sample(groups, rng.choice(PERSONS)):
        value = draw_value(rng, relation.values, values.values())
        if value is None:
            raise ValueError(f"{relation.key} has too few values.")
        values[person] = value
    told = [acknowledged(rng, texts, _of(rng, relation, *item)) for item in values.items()]
    told += own_fillers(rng, OTHERS_GAP, language)
    person = rng.choice(list(values))
    answer = values.pop(person)
    forms = relation.ask_theirs if person else relation.ask_mine
    text = as_typed(rng, _named(rng.choice(forms), person))
    return Question(tuple(told), text, answer, unsaid=tuple(values.values()))


def _of(rng: random.Random, relation: PersonRelation, person: str, value: str) -> str:
    """A statement about a person, or about the user where there is none."""
    return _named(rng.choice(relation.theirs if person else relation.mine), person, value)


def _named(form: str, person: str, value: str = "") -> str:
    text = form.format(value=value, who=person, whose=f"{person}'s")
    return text[0].upper() + text[1:]


def draw_forget(rng: random.Random, texts: ExamTexts, language: Language | None) -> Question:
    """A fact that is told and taken back: right is a reply that doesn't say it."""
    (fact,) = draw_facts(rng, texts.relations, 1)
    request = rng.choice(texts.sayings.take_back).format(thing=fact.relation.thing)
    told = (
        telling(rng, texts, fact),
        *own_fillers(rng, FORGET_GAP, language),
        (as_typed(rng, request), rng.choice(texts.sayings.taken_back)),
        *own_fillers(rng, FORGET_GAP, language),
    )
    return Question(told, as_typed(rng, rng.choice(fact.relation.ask)), "", unsaid=(fact.value,))


DRAWS: dict[str, Draw] = {
    "open": draw_open,
    "several": draw_several,
    "others": draw_others,
    "forget": draw_forget,
}


def draw_cells(n: int, seed: int, texts: ExamTexts, language: Language | None = None) -> Cells:
    """n questions of each of these cells, the same for the same seed."""
    cells: Cells = {}
    for name, draw in DRAWS.items():
        rng = random.Random(f"{seed}/exam/{name}")
        cells[name] = [draw(rng, texts, language) for _ in range(n)]
    return cells
