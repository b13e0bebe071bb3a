"""What the exam holds out never reaches training."""

import random
from dataclasses import replace

import pytest

from memory_app.core.evaluation.recall import contains_value, draw_questions
from memory_app.core.facts import (
    EXAM_KINDS,
    generate_dialogue,
    language_of,
    typing_styles,
)
from memory_app.core.facts.dialogue_state import Fact
from memory_app.core.facts.realiser import Writer

ENGLISH = language_of("en")
SLOTS = ENGLISH.slots
TEMPLATES = ENGLISH.templates

HELD_OUT = {value for slot in SLOTS for values in slot.held_values.values() for value in values}
TRAINED = {value for slot in SLOTS for values in slot.train_values.values() for value in values}


def nothing(rng, count):
    return [("FILLER", "FILLED")] * count


def learned(monkeypatch):
    """Every fact that the writers learn, as it is told."""
    facts = []
    learn = Writer.learn

    def spy(self, fact, turn, instead_of=""):
        facts.append(fact)
        learn(self, fact, turn, instead_of)

    monkeypatch.setattr(Writer, "learn", spy)
    return facts


def test_the_two_parts_share_no_value_in_any_slot():
    assert len(HELD_OUT) > 150
    assert not {v.lower() for v in HELD_OUT} & {v.lower() for v in TRAINED}


def test_training_never_tells_a_held_out_value(monkeypatch):
    facts = learned(monkeypatch)
    rng = random.Random(1)
    for _ in range(4000):
        generate_dialogue(rng, fillers=nothing)
    assert len(facts) > 8000
    assert not {fact.value.lower() for fact in facts} & {value.lower() for value in HELD_OUT}


@pytest.mark.parametrize("kind", EXAM_KINDS)
def test_the_exam_of_held_out_values_tells_no_other(monkeypatch, kind):
    facts = learned(monkeypatch)
    rng = random.Random(2)
    for _ in range(300):
        made = generate_dialogue(rng, fillers=nothing, kind=kind, gap=1, held_out_values=True)
        assert made.probe.answer in HELD_OUT or made.probe.answer == ""
    assert facts
    assert {fact.value for fact in facts} <= HELD_OUT


def test_no_two_facts_of_a_dialogue_share_a_value(monkeypatch):
    facts = learned(monkeypatch)
    rng = random.Random(5)
    for _ in range(500):
        facts.clear()
        generate_dialogue(rng, fillers=nothing, kind="several", gap=0)
        values = [fact.value.lower() for fact in facts]
        assert len(values) >= 3
        assert len(set(values)) == len(values)


def test_trained_and_held_out_phrasings_are_apart():
    for slot in SLOTS:
        assert slot.held_tell, slot.key
        assert slot.held_ask, slot.key
        assert not set(slot.held_tell) & set(slot.train_tell)
        assert not set(slot.held_ask) & set(slot.train_ask)
    assert TEMPLATES.held_ask_any
    assert not set(TEMPLATES.held_ask_any) & set(TEMPLATES.train_ask_any)


def questions(held_out, count=400):
    rng = random.Random(3)
    made = [
        generate_dialogue(
            rng, fillers=nothing, kind="single", gap=0, made_up=0, held_out_phrasings=held_out
        )
        for _ in range(count)
    ]
    return [(item, item.turns[-2][1].lower().replace("'", "")) for item in made]


def wordings(templates, kind):
    return [t.format(k=kind).lower().replace("'", "") for t in templates]


def test_each_part_asks_in_its_own_words(monkeypatch):
    monkeypatch.setattr(typing_styles, "mistyped", lambda rng, template: template)
    slots = {slot.key: slot for slot in SLOTS}
    for held_out in (True, False):
        own = other = 0
        for item, text in questions(held_out):
            slot, k = slots[item.probe.slot], item.probe.slot_kind
            nouns = [w.format(m=slot.noun) for w in TEMPLATES.train_ask_any]
            held_nouns = [w.format(m=slot.noun) for w in TEMPLATES.held_ask_any]
            trained = wordings([*slot.train_ask, *nouns], k)
            held = wordings([*slot.held_ask, *held_nouns], k)
            best = max((w for w in trained + held if w in text), key=len, default=None)
            if best is not None:
                own += best in (held if held_out else trained)
                other += best not in (held if held_out else trained)
        assert own > 350
        assert other == 0


def test_held_out_values_are_told_only_when_asked_for():
    rng = random.Random(4)
    for _ in range(300):
        made = generate_dialogue(rng, fillers=nothing, kind="single", gap=0)
        told = " ".join(text for _, text in made.turns)
        assert made.probe.answer not in HELD_OUT
        assert contains_value(told, made.probe.answer)


def test_no_further_wording_is_one_that_the_exam_holds_out():
    for slot in SLOTS:
        assert not set(slot.more_tell) & set(slot.held_tell)
        assert not set(slot.more_ask) & set(slot.held_ask)
        assert bool(slot.more_tell) == bool(slot.more_ask) == (slot in ENGLISH.core)
    assert not set(TEMPLATES.more_ask_any) & set(TEMPLATES.held_ask_any)


def test_further_wordings_can_be_filled_in():
    for slot in ENGLISH.core:
        for kind in slot.kinds:
            fields = Fact(slot, kind, slot.values[kind][0]).fields()
            for phrase in (*slot.more_tell, *slot.more_ask):
                assert "{" not in phrase.format_map(fields)


def test_the_exam_is_the_same_whatever_training_says():
    core = tuple(replace(slot, more_tell=("{v}?",), more_ask=("eh",)) for slot in ENGLISH.core)
    other = replace(ENGLISH, core=core)
    before = draw_questions(30, 3, "cell", kind="several", gap=2)
    assert draw_questions(30, 3, "cell", other, kind="several", gap=2) == before
    rng = random.Random(2)
    made = [generate_dialogue(rng, fillers=nothing, scope="core", loose=0.5, language=other)
            for _ in range(60)]  # fmt: skip
    assert any("eh" in text.lower().split() for item in made for _, text in item.turns)
