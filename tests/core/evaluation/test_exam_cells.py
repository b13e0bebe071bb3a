"""The cells about anything that people tell: what is told, asked, and counted as right."""

import random
import re

import pytest

from memory_app.core.evaluation.exam.cells import (
    FORGET_GAP,
    OPEN_GAP,
    OTHERS_GAP,
    SEVERAL_FACTS,
    SEVERAL_GAP,
    draw_cells,
)
from memory_app.core.evaluation.exam.chat import as_typed, draw_facts
from memory_app.core.evaluation.exam.texts import Relation, exam_texts_of
from memory_app.core.evaluation.recall import Question, contains_value, is_right, run_exam
from memory_app.core.facts.distractors import own_exchanges

TEXTS = exam_texts_of("en")
N = 40


@pytest.fixture(scope="module")
def cells():
    return draw_cells(N, 1, TEXTS)


def statements(question):
    """What is told, without the other exchanges."""
    return [said for said, reply in question.told if (said, reply) not in own_exchanges()]


def relation_of(question):
    """The relation that a question asks for, whichever way it is typed."""

    def bare(text):
        return text.lower()

    return next(r for r in TEXTS.relations if bare(question.text) in map(bare, r.ask))


def test_every_cell_has_n_questions_drawn_by_the_seed(cells):
    assert {name: len(items) for name, items in cells.items()} == dict.fromkeys(
        ("open", "several", "others", "forget"), N
    )
    assert draw_cells(N, 1, TEXTS) == cells
    assert draw_cells(N, 2, TEXTS) != cells
    assert draw_cells(5, 1, TEXTS)["open"] == cells["open"][:5]


def test_open_tells_one_unusual_thing_some_exchanges_before(cells):
    for item in cells["open"]:
        assert len(item.told) == 1 + OPEN_GAP
        assert contains_value(item.told[0][0], item.answer)
        assert not relation_of(item).usual
        assert not contains_value(item.text, item.answer)


def test_several_tells_eight_things_that_can_be_told_apart(cells):
    for item in cells["several"]:
        assert len(item.told) == SEVERAL_FACTS + SEVERAL_GAP
        said = [text for text, _ in item.told[:SEVERAL_FACTS]]
        assert sum(contains_value(text, item.answer) for text in said) == 1
        assert item.answer in relation_of(item).values


def test_others_tells_the_same_of_two_or_three_persons(cells):
    kinds = set()
    for item in cells["others"]:
        said = [text for text, _ in item.told[:-OTHERS_GAP]]
        values = (item.answer, *item.unsaid)
        assert len(said) == len(values) in (2, 3)
        for value in values:
            assert sum(contains_value(text, value) for text in said) == 1
        kinds.add("I" if re.search(r"\b(i|me|my|mine)\b", item.text.lower()) else "other")
    assert len(kinds) == 2


def test_the_person_that_is_asked_for_is_the_one_of_whom_the_answer_was_told(cells):
    sayings = TEXTS.sayings
    persons = [p.lower() for p in (*sayings.family, *sayings.around, *sayings.friends)]
    asked_of_others = 0
    for item in cells["others"]:
        (said,) = (text for text, _ in item.told if contains_value(text, item.answer))
        asked = [person for person in persons if contains_value(item.text, person)]
        told = [person for person in persons if contains_value(said, person)]
        assert asked == told
        asked_of_others += bool(asked)
    assert 0 < asked_of_others < N


def test_forget_tells_takes_back_and_asks_with_others_between(cells):
    for item in cells["forget"]:
        assert len(item.told) == 2 + 2 * FORGET_GAP
        told, taken_back = item.told[0], item.told[1 + FORGET_GAP]
        (value,) = item.unsaid
        assert contains_value(told[0], value)
        assert not contains_value(taken_back[0], value)
        assert relation_of(item).thing.lower() in taken_back[0].lower()
        assert taken_back[1] in TEXTS.sayings.taken_back


OTHERS = Question((), "What does my wife drink?", "red wine", unsaid=("beer", "cola"))
FORGET = Question((), "What am I scared of?", "", unsaid=("bats",))


@pytest.mark.parametrize(
    ("question", "reply", "right"),
    [
        (OTHERS, "She drinks RED WINE.", True),
        (OTHERS, "She drinks red wines.", False),
        (OTHERS, "Beer.", False),
        (OTHERS, "Red wine, and you drink beer.", False),
        (OTHERS, "Red wine, never root beers.", True),
        (OTHERS, "You haven't told me.", False),
        (FORGET, "I don't know that.", True),
        (FORGET, "Of combats, maybe?", True),
        (FORGET, "You are scared of Bats!", False),
        (FORGET, "", True),
    ],
)
def test_a_reply_is_right_by_what_it_says_and_what_it_leaves_out(question, reply, right):
    assert is_right(question, reply) is right


def test_one_that_repeats_all_it_was_told_fails_others_and_forget(cells):
    def everything(items):
        return [" ".join(said for said, _ in item.told) for item in items]

    result = run_exam(cells, everything)
    assert (result["open"], result["several"]) == (1.0, 1.0)
    assert (result["others"], result["forget"]) == (0.0, 0.0)


def test_one_that_answers_right_or_not_at_all_scores_one(cells):
    result = run_exam(cells, lambda items: [item.answer or "I forgot." for item in items])
    assert {result[name] for name in cells} == {1.0}
    assert set(result["intervals"]) == set(cells)


def test_typing_changes_case_and_full_stop_alone():
    rng = random.Random(0)
    typed = {as_typed(rng, "My car is a Saab.") for _ in range(60)}
    assert typed == {"My car is a Saab.", "My car is a Saab", "my car is a saab.",
                     "my car is a saab"}  # fmt: skip


def hat(key, values, topic=""):
    return Relation(key, "my hat", ("{value}",), ("?",), values, topic)


def test_facts_of_one_chat_have_different_topics_and_values():
    rng = random.Random(0)
    same_topic = [hat("a", ("cap",), "hats"), hat("b", ("fez",), "hats")]
    with pytest.raises(ValueError, match="no 2 topics"):
        draw_facts(rng, same_topic, 2)
    same_value = [hat("a", ("Cap",)), hat("b", ("red cap",))]
    with pytest.raises(ValueError, match="no 2 topics"):
        draw_facts(rng, same_value, 2)
    hats = [hat("a", ("cap", "fez")), hat("b", ("red cap", "fez"))]
    for _ in range(20):
        values = {fact.value for fact in draw_facts(rng, hats, 2)}
        assert values in ({"cap", "fez"}, {"red cap", "fez"})
