"""The 5-gram beside the completion task: a distribution, learned, and what it writes."""

import math

import pytest

from benchmarks.quality.completion import ends_of, rhyme_figures, rhymes_of
from benchmarks.quality.five_gram import CODE_POINTS, FiveGram
from memory_app.core.tasks.completion.texts import Text

TEXTS = [("a", "山水花月。")] * 6 + [("b", "月花水山。")] * 6


@pytest.fixture(scope="module")
def learned() -> FiveGram:
    return FiveGram(TEXTS)


def test_each_context_has_a_whole_distribution(learned: FiveGram) -> None:
    for context in (["", "", "", "<a>"], ["山", "水", "花", "月"], ["x", "y", "z", "w"]):
        p = learned.distribution(context)
        assert p.sum() == pytest.approx(1)
        assert (p > 0).all()


def test_a_text_that_it_knows_costs_less_than_one_that_it_does_not(learned: FiveGram) -> None:
    assert learned.bits("a", "山水花月。") < learned.bits("b", "山水花月。")
    unknown = learned.bits("a", "山水花q。")
    assert unknown > learned.bits("a", "山水花花。") + math.log2(CODE_POINTS) - 8


def test_it_writes_what_it_has_learned(learned: FiveGram) -> None:
    assert learned.write("a", 1, 0.1, 0.5, 40) == "山水花月。"
    assert len(learned.write("a", 1, 2.0, 1.0, 3)) <= 3


def test_rhymes_are_ends_that_texts_share() -> None:
    texts = [Text("", "山水。花月。"), Text("", "山水。月月。"), Text("", "花水。夜月。")]
    assert ends_of(texts[0].text) == ["水", "月"]
    assert rhymes_of(texts) == {frozenset("水月")}
    assert rhymes_of(texts[:2]) == set()
    figures = rhyme_figures([*texts, Text("", "山。花。")], rhymes_of(texts))
    assert (figures["rhyme"], figures["rhyme_pairs"]) == (0.75, 4)
