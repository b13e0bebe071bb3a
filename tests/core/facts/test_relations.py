"""Dialogues about relations: what the bot says is right by what was told, and by nothing else."""

import hashlib
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_app.core.facts import slots_of
from memory_app.core.facts.distractors import identity_exchanges
from memory_app.core.facts.hold_out import is_held_out
from memory_app.core.facts.relations import (
    KINDS,
    Form,
    catalogue_of,
    generate_relation_dialogue,
)
from memory_app.core.facts.relations.person import Owner, to_listener
from memory_app.core.facts.sample_texts import relation_texts
from memory_app.core.facts.slots import SMALLEST_SPLIT

SEEDS = st.integers(0, 2**32)


def draw(seed, kind=None, **form):
    rng = random.Random(seed)
    return generate_relation_dialogue(rng, fillers=identity_exchanges, kind=kind, form=Form(**form))


def told(made):
    """(turn, topic, value) of what the user tells, in order."""
    user = [(turn, value) for turn, _, value in made.mentions if turn % 2 == 0]
    assert [turn for turn, _ in user] == [turn for turn, _ in made.told]
    return [(turn, topic, value) for (turn, topic), (_, value) in zip(made.told, user, strict=True)]


def says(text, value):
    return re.search(rf"(?<!\w){re.escape(value.lower())}(?!\w)", text.lower()) is not None


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.sampled_from(KINDS), st.sampled_from((0.0, 1.0)))
def test_an_answer_is_what_was_told_last_and_stands_in_the_users_words(seed, kind, noise):
    made = draw(seed, kind, noise=noise)
    for turn, topic in made.recalled:
        values = [(at, value) for at, other, value in told(made) if other == topic and at < turn]
        at, value = values[-1]
        assert says(made.turns[turn][1], value)
        # People leave apostrophes out: "at 8 oclock".
        assert says(made.turns[at][1].replace("'", ""), value.replace("'", ""))


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.sampled_from(KINDS))
def test_what_is_not_known_or_was_taken_back_is_not_said(seed, kind):
    made = draw(seed, kind)
    for turn, topic in made.unknown:
        reply = made.turns[turn][1]
        for at, other, value in told(made):
            if other == topic and at < turn:
                assert not says(reply, value), (reply, value)
        assert re.search(r"\b(don't|nobody|haven't|didn't|never)\b", reply.lower()), reply


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_a_list_of_what_is_known_names_up_to_five_things_told_and_not_taken_back(seed):
    made = draw(seed, "chat", max_facts=8)
    answered = {turn for turn, _ in (*made.recalled, *made.unknown)}
    for turn in set(made.answer_turns) - answered:
        listed = [value for at, _, value in made.mentions if at == turn]
        assert len(listed) <= 5
        last = {topic: value for at, topic, value in told(made) if at < turn}
        reply = made.turns[turn][1]
        assert all(value in last.values() and says(reply, value) for value in listed)


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(1, 8), st.sampled_from((0.0, 0.5, 1.0)))
def test_a_dialogue_alternates_and_its_marks_are_turns_of_the_bot(seed, facts, drills):
    made = draw(seed, max_facts=facts, drills=drills)
    assert [role for role, _ in made.turns] == ["user", "bot"] * (len(made.turns) // 2)
    assert not any(re.search(r"\{[a-z]+\}", text) for _, text in made.turns)
    assert all(turn % 2 and made.turns[turn][0] == "bot" for turn in made.answer_turns)
    assert made.probe.turn in made.answer_turns
    assert says(made.turns[made.probe.turn][1], made.probe.answer) or not made.probe.answer


def test_held_out_relations_and_values_are_not_told_in_training():
    relations = {relation.name: relation for relation in catalogue_of("en").relations}
    held = {name for name, relation in relations.items() if relation.held_out}
    assert 0.15 < len(held) / len(relations) < 0.25
    lists = catalogue_of("en").values.lists
    long = {v for values in lists.values() if len(values) >= SMALLEST_SPLIT for v in values}
    for seed in range(300):
        for _, name, value in draw(seed).mentions:
            assert name not in held
            assert not is_held_out(value) or value not in long or _in_short_list(value, lists)
        made = draw(seed, held_out=True)
        assert {name for _, name, _ in made.mentions} <= held


def _in_short_list(value, lists):
    return any(value in values for values in lists.values() if len(values) < SMALLEST_SPLIT)


def test_relations_are_many_and_take_every_kind_of_value():
    catalogue = catalogue_of("en")
    assert len(catalogue.relations) >= 300
    kinds = {kind for relation in catalogue.relations for kind in relation.value}
    assert {"time", "date", "amount", "phrase", "made_up_name", "names"} <= kinds


def test_no_phrasing_is_one_that_the_recall_exam_holds_out():
    held = {
        text.format(v="*", a="*", k=kind, ak=kind).lower()
        for slot in slots_of("all")
        for kind in slot.kinds
        for text in (*slot.held_tell, *slot.held_ask)
    }
    for relation in catalogue_of("en").relations:
        for text in (*relation.say, *relation.tell, *relation.ask):
            assert text.replace("{v}", "*").replace("{a}", "*").lower() not in held, text


@pytest.mark.parametrize(
    ("clause", "of_her", "back"),
    [
        ("I play the violin", "my wife plays the violin", "you play the violin"),
        ("I'm afraid of my boss", "my wife is afraid of her boss", "you're afraid of your boss"),
        ("what do I study", "what does my wife study", "what do you study"),
        ("my car is red", "my wife's car is red", "your car is red"),
        (
            "I have never been to Rome",
            "my wife has never been to Rome",
            "you have never been to Rome",
        ),
        ("in summer I was ill", "in summer my wife was ill", "in summer you were ill"),
        ("I never go to church", "my wife never goes to church", "you never go to church"),
        ("they gave me a medal", "they gave my wife a medal", "they gave you a medal"),
    ],
)
def test_a_clause_is_said_of_somebody_else_and_said_back(clause, of_her, back):
    wife = Owner("my wife", "she")
    assert catalogue_of("en").person.of(clause, wife) == of_her
    assert to_listener(clause) == back


def test_the_listener_is_told_of_their_own_people():
    assert to_listener("my wife's car and our flat") == "your wife's car and your flat"


def test_drills_answer_with_the_value_told_of_the_key():
    for seed in range(200):
        made = draw(seed, kind="drill")
        assert made.probe.kind == "drill"
        assert says(made.turns[made.probe.turn][1], made.probe.slot_kind)
        if made.probe.answer:
            assert any(says(text, made.probe.answer) for _, text in made.turns[:-1])


def test_slips_are_marked_and_answers_hold_nevertheless():
    slipped = 0
    for seed in range(200):
        made = draw(seed, slips=0.3)
        slipped += len(made.slipped)
        assert not made.slipped & set(made.answer_turns)
        for turn, topic in made.recalled:
            values = [value for at, other, value in told(made) if other == topic and at < turn]
            assert says(made.turns[turn][1], values[-1])
    assert slipped > 200


def test_a_tokenizer_learns_from_held_out_relations_too():
    texts = " ".join(relation_texts(random.Random(1), 200, "en"))
    held = [r for r in catalogue_of("en").relations if r.held_out and "{" not in r.ask[0]]
    assert sum(r.ask[0].lower() in texts.lower() for r in held) > 5


def test_one_seed_gives_one_dialogue():
    digest = hashlib.sha256()
    for seed in range(400):
        made = draw(seed, drills=0.2, loose=0.1, slips=0.1 * (seed % 2))
        digest.update(repr((made.turns, made.probe, made.answer_turns)).encode())
    assert digest.hexdigest() == DRAWN


#: To be replaced where a text or a rule is changed on purpose.
DRAWN = "338275af576781d09a362ef38a76929e9c60cec92b65f23922dc1a061b7c5f53"
