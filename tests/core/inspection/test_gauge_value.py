"""Which words of a reply the memory gave, from how much likelier it made each piece."""

import pytest

from memory_app.core.inspection.gauge_value import (
    abstention,
    continues,
    memory_value,
    same_value,
    value_text,
)
from memory_app.core.inspection.panel_questions import is_question, panel_questions


def value(*pieces: tuple[str | bytes, float]) -> str | None:
    """The value of a reply whose pieces are given with their gains."""
    texts = [piece.encode() if isinstance(piece, str) else piece for piece, _ in pieces]
    blank = [-9.0] * len(pieces)
    span = memory_value(texts, [-9.0 + gain for _, gain in pieces], blank)
    return None if span is None else value_text(texts[slice(*span)])


def test_the_value_stands_after_the_place_where_the_reply_turns() -> None:
    assert value(("You", 7.6), (" live", 0.3), (" in", 0.0), (" Oslo", 7.7), (".", -0.2)) == "Oslo"
    told = [("You", 5.7), (" told", 0.0), (" me", 0.0), (" that", 0.2), (" your", 0.1)]
    assert value(*told, (" name", 0.0), (" is", 0.0), (" Clara", 8.8), (".", 0.0)) == "Clara"


def test_a_value_is_of_whole_words_and_may_have_several() -> None:
    live = [("You", 7.6), (" live", 0.3), (" in", 0.0)]
    assert value(*live, (" New", 6.4), (" York", 2.0), (".", -0.2)) == "New York"
    assert value(*live, (" San", 7.0), (" Francisco", 0.7), (".", 0.0)) == "San Francisco"
    assert value(*live, (" V", 5.9), ("os", 3.5), ("os", 0.7), ("a", 0.1), (".", 0.1)) == "Vososa"
    food = [("Your", 7.8), (" favourite", 0.0), (" food", 0.0), (" is", 0.0)]
    assert (
        value(*food, (" fish", 7.3), (" and", 2.8), (" chips", 2.6), (".", 0)) == "fish and chips"
    )
    assert value(*live, (" M", 0.2), ("ilan", 4.0), (".", 0.0)) == "Milan"
    assert value(*live, (" Aix", 6.0), ("-", 0.1), ("en", 0.2), (" soon", 0.0)) == "Aix-en"


def test_a_reply_that_is_nothing_but_its_value_has_it() -> None:
    assert value(("Clara", 8.0), (".", 0.1)) == "Clara"
    assert value(("Yes", 5.0), (",", 0.2), (" you", 0.1), (" do", 0.0), (".", 0.0)) == "Yes"


def test_a_reply_that_the_blank_memory_gives_as_well_has_none() -> None:
    assert value(("I", 0.0), (" don", 0.1), ("'t", 0.0), (" know", 1.3), (".", -0.4)) is None
    assert value() is None


def test_scripts_without_spaces_have_no_words_to_widen_to() -> None:
    assert value(("你", 6.0), ("叫", 0.1), ("王", 5.0), ("芳", 3.0), ("。", 0.0)) == "王芳"
    first, *rest = [bytes([byte]) for byte in "芳".encode()]
    assert value(("你", 6.0), ("叫", 0.1), (first, 5.0), *[(b, 0.0) for b in rest]) == "芳"


@pytest.mark.parametrize(
    ("before", "piece", "goes_on"),
    [("Cl", "ara", True), ("Cl", " ara", False), ("a", ".", False), ("", "a", False),
     ("王", "芳", False), ("Jean", "-L", True), ("Jean-", "Luc", True), ("a", "-", True),
     (" ", "-", False)],
)  # fmt: skip
def test_where_a_word_goes_on(before: str, piece: str, goes_on: bool) -> None:
    assert continues(before.encode(), piece.encode()) is goes_on


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("41", "41 years", True), ("41", "41岁", True), ("a teacher", "Teacher", True),
     ("41", "42 years", False), ("3", "3.5", False), ("York", "New York", False),
     ("2 cats", "2 dogs", False), ("Oslo", "", False), ("王芳", "王芳", True)],
)  # fmt: skip
def test_two_wordings_of_one_value_are_the_same(one: str, other: str, same: bool) -> None:
    assert same_value(one, other) is same
    assert same_value(other, one) is same


def test_how_a_model_says_that_it_does_not_know_is_what_its_blank_answers_begin_with() -> None:
    assert abstention([[4, 5, 6, 7], [4, 5, 6, 9, 9], [4, 5, 6]]) == (4, 5, 6)
    assert abstention([[4, 5], [4, 6]]) == ()  # one piece says nothing
    assert abstention([[4, 5, 6]]) == ()
    assert abstention([[], [4, 5]]) == ()
    assert abstention([]) == ()


def test_a_checkpoint_may_bring_its_questions() -> None:
    own = {"label": " pet ", "question": "What pet do I have?"}
    broken = [3, {}, {"label": "x"}, {"label": "", "question": "?"}, {"label": "x", "question": 4}]
    found = panel_questions({"language": "en", "questions": [*broken, own]})
    assert [(one.label, one.question) for one in found] == [("pet", "What pet do I have?")]
    assert len(panel_questions({"questions": [own] * 20})) == 8
    plain = panel_questions({"language": "en"})
    assert plain == panel_questions({"language": "en", "questions": "none"})
    assert panel_questions({"language": "zh"})[0].question == "我叫什么名字？"
    assert panel_questions({"language": "fr"}) == plain


def test_what_can_be_asked() -> None:
    assert is_question("Where?")
    assert is_question("x" * 200)
    for text in ("", "  ", "x" * 201, "a\0b", "\ud800"):
        assert not is_question(text)
