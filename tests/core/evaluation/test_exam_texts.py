"""Texts of the exam about anything that people tell: whole, and no question tells its answer."""

import re
from collections import Counter

import pytest

from memory_app.core.evaluation.exam.texts import (
    exam_languages,
    exam_texts_of,
    read_exam_texts,
)
from memory_app.core.evaluation.recall import contains_value
from memory_app.core.facts.text_file import LanguageError

TEXTS = exam_texts_of("en")


def test_english_has_the_exam_and_a_language_without_a_folder_has_none():
    assert exam_languages() == ("en",)
    assert exam_texts_of("zh") is None


def test_there_are_enough_relations_of_the_unusual_kind():
    assert sum(not relation.usual for relation in TEXTS.relations) >= 90
    assert len({relation.subject for relation in TEXTS.relations}) >= 90


@pytest.mark.parametrize("relation", TEXTS.relations, ids=lambda relation: relation.key)
def test_a_relation_has_its_parts_and_no_question_holds_a_value(relation):
    assert 2 <= len(relation.tell) <= 4
    assert 2 <= len(relation.ask) <= 4
    assert 8 <= len(relation.values) <= 20
    assert all(text.count("{value}") == 1 for text in relation.tell)
    assert not set(relation.tell) & set(relation.ask)
    for value in relation.values:
        assert 1 <= len(value.split()) <= 4
        assert not any(
            contains_value(text, value) for text in (*relation.ask, *relation.tell, relation.thing)
        )


@pytest.mark.parametrize("relation", TEXTS.persons, ids=lambda relation: relation.key)
def test_a_relation_of_persons_names_the_person_and_no_question_holds_a_value(relation):
    of_others = (*relation.theirs, *relation.ask_theirs)
    assert all("{who}" in text or "{whose}" in text for text in of_others)
    assert all("{who" not in text for text in (*relation.mine, *relation.ask_mine))
    assert all(text.count("{value}") == 1 for text in (*relation.mine, *relation.theirs))
    assert len(relation.values) >= 8
    persons = (*TEXTS.sayings.family, *TEXTS.sayings.around, *TEXTS.sayings.friends)
    for value in relation.values:
        asked = (*relation.ask_mine, *relation.ask_theirs, *persons)
        assert not any(contains_value(text, value) for text in asked)


@pytest.mark.parametrize(
    "values",
    [relation.values for relation in (*TEXTS.relations, *TEXTS.persons)],
    ids=[relation.key for relation in (*TEXTS.relations, *TEXTS.persons)],
)
def test_no_value_stands_within_another_of_its_relation(values):
    pairs = [(a, b) for a in values for b in values if a is not b]
    assert not [pair for pair in pairs if contains_value(*pair)]


def test_an_article_fits_every_value():
    for relation in TEXTS.relations:
        for text in relation.tell:
            if re.search(r"\ba \{value\}", text):
                assert not [v for v in relation.values if re.match(r"[aeio]|(a|the) ", v, re.I)]


def test_no_question_is_of_two_relations():
    asked = Counter(
        re.sub(r"\W+", " ", text.lower()) for relation in TEXTS.relations for text in relation.ask
    )
    assert [text for text, times in asked.items() if times > 1] == []


def test_no_acknowledgement_or_request_holds_a_value():
    sayings = TEXTS.sayings
    said = (*sayings.acknowledgements, *sayings.taken_back, *sayings.take_back)
    values = {value for relation in TEXTS.relations for value in relation.values}
    assert not [(text, v) for text in (*said, *sayings.list_questions) for v in values
                if contains_value(text, v)]  # fmt: skip


TABLE = (
    'thing = "my hat"\ntell = ["I wear a {value}."]\nask = ["What do I wear?"]\nvalues = ["cap"]\n'
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "relations").mkdir()
    (tmp_path / "relations" / "things.toml").write_text(f"[hat]\n{TABLE}")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("relations/more.toml", f"[hat]\n{TABLE}", "hat is there twice"),
        ("relations/more.toml", "[coat]\nthing = 'my coat'\n", "the key tell is missing"),
        ("relations/more.toml", f"[coat]\n{TABLE}".replace("a {value}", "it"), "needs {value}"),
        ("relations/more.toml", f"[coat]\n{TABLE}".replace("do I", "do {I}"), "may have none"),
        ("persons.toml", "[coat]\n", "the key mine is missing"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_file(folder, file, text, complaint):
    (folder / file).write_text(text)
    with pytest.raises(LanguageError, match=complaint.replace("{", r"\{")) as refusal:
        read_exam_texts(folder)
    assert str(refusal.value).startswith(str(folder))
