"""Properties of tokens, on a text whose pieces are written here."""

import numpy as np
import pytest

from memory_app.core.inspection.text_properties import PROPERTIES, Text, word_property

USER, BOT, END = 0, 1, 2
PIECES = [
    "",
    "My",
    " name",
    " is",
    " Al",
    "ma",
    ".",
    "",
    "",
    "Hi",
    " 2",
    "!",
    "",
    "",
    "This",
    "?",
    "",
]
IDS = [USER, 3, 4, 5, 6, 7, 8, END, BOT, 9, 10, 11, END, USER, 12, 13, END]


@pytest.fixture
def text() -> Text:
    twice = np.asarray(IDS * 2)
    starts = np.asarray([0, len(IDS), 2 * len(IDS)])
    return Text(twice, starts, PIECES * 2, USER, BOT, END)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("user_speaks", [1] * 8 + [0] * 5 + [1] * 4),
        ("in_question", [0] * 13 + [1] * 4),
        ("capital", [0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]),
        ("digit", [0] * 10 + [1] + [0] * 6),
        ("punctuation", [0] * 6 + [1] + [0] * 4 + [1] + [0] * 3 + [1, 0]),
        ("control", [1] + [0] * 6 + [1, 1] + [0] * 3 + [1, 1, 0, 0, 1]),
        ("place", [*range(8), *range(5), *range(4)]),
        ("exchanges", [1] * 13 + [2] * 4),
    ],
)
def test_a_property_is_a_number_for_each_token(text: Text, name: str, wanted: list[float]) -> None:
    found = PROPERTIES[name](text)
    first = found[: len(IDS)].tolist()
    if name == "exchanges":  # counted from the stretch's first message
        first = [value + 1 for value in first]
    assert first == wanted
    assert found[len(IDS) :].tolist() == found[: len(IDS)].tolist()


def test_a_word_is_found_across_pieces_in_any_case_and_only_whole(text: Text) -> None:
    def marked(word: str) -> list[int]:
        return np.flatnonzero(word_property(text, word)[: len(IDS)]).tolist()

    assert marked("alma") == [4, 5]
    assert marked("name is") == [2, 3]
    assert marked("IS") == [3]  # not in "This"
    assert marked(".") == [6]
    assert marked("zebra") == []
    assert marked("  ") == []
