"""A search finds what a reader takes for the same: any case, any way of writing a character."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.text.case_folding import fold, stretches


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "cafe\u0301"),
        ("İstanbul", "istanbul"),
        ("İSTANBUL", "istanbul"),
        ("МоСкВа", "москва"),
        ("STRASSE", "straße"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("ＦＵＬＬ", "full"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("한글", unicodedata.normalize("NFD", "한글")),
        ("co\u00adoperate", "cooperate"),
        ("ﬁne", "fine"),
    ],
)
def test_two_ways_of_writing_the_same_are_one(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("résumé", "resume"), ("o", "0"), ("猫", "犬")])
def test_what_a_reader_tells_apart_stays_apart(one, other):
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_again_changes_nothing_and_normalising_first_changes_nothing(text):
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFC", text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


def test_the_stretches_are_of_the_original_text():
    text = "Groß: İstanbul, cafe\u0301!"
    marked = [text[start:end] for start, end in stretches(text, ["istanbul", "CAFÉ", "ss"])]
    assert marked == ["ß", "İstanbul", "cafe\u0301"]


def test_the_longest_word_wins_and_none_is_marked_twice():
    assert stretches("ababab", ["ab", "abab"]) == [(0, 4), (4, 6)]
    assert stretches("ß", ["s"]) == [(0, 1)]
    assert stretches("anything", ["\u200d"]) == []
