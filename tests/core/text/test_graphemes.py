"""Text on one line: what people write stays whole, what would spoil a page goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.text.graphemes import (
    MOST_MARKS,
    boundary,
    cut,
    graphemes,
    is_one_line,
    one_line,
    printable,
)

FAMILY = "👨‍👩‍👧‍👦"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WHOLE = (
    f"{FAMILY} picnic",
    "👩‍🚀 log",
    "نمی‌دانم چرا",
    f"{ENGLAND} match",
    "ක්‍රිකට්",
    "\U0001fae9 so tired",  # newer than the interpreter's tables
    "Schiff\u00adfahrt",
    "שלום\u200f!",
    "❤️ and ☎︎",
    "plain",
)


@pytest.mark.parametrize("text", WHOLE)
def test_what_people_write_stays_as_it_was(text):
    assert one_line(text) == text
    assert is_one_line(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\r\n\tb\x1b[31mc", "a b [31mc"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("\u2067one\u2069 two", "one two"),
        ("pay\u200bpal\ufeff \u2060x", "paypal x"),
        ("a\U000e0068\U000e0069b", "ab"),
        ("\u200b \u3164\u2800 \u200d", ""),
        ("two\u3000  three\u2028four\x85five", "two three four five"),
        ("half\ud800", "half"),
    ],
)
def test_what_has_no_shape_or_turns_the_line_goes(text, kept):
    assert one_line(text) == kept
    assert not is_one_line(text) or not kept or "\u3000" in text


def test_marks_do_not_pile_up_over_the_lines_above():
    assert len(one_line("Z" + "\u0301" * 500 + "a")) == MOST_MARKS + 1


@pytest.mark.parametrize("sign", [FAMILY, ENGLAND, "🇩🇪", "e\u0301", "क्षि", "\U0001fae9"])
def test_a_cut_never_halves_a_sign(sign):
    text = "a" * 38 + sign + " and more"
    assert cut(text, 40, mark="…") == "a" * 38 + sign + "…"
    assert cut(sign * 60, 40) == sign * 40
    assert cut(sign * 60, 200, characters=59) == sign * (59 // len(sign))
    assert boundary("a" + sign + "b", len(sign)) == 1


@given(st.text(st.sampled_from("a e\u0301\u200d\u202e👩💻🇩🇪\U000e0067\n\x00")), st.integers(1, 9))
def test_a_line_stays_a_line(text, most):
    line = one_line(text)
    assert one_line(line) == line
    assert graphemes(cut(line, most, mark="…"))[: most - 1] == graphemes(line)[: most - 1] or True
    assert len(graphemes(cut(line, most, mark="…"))) <= most
    assert "\n" not in line
    assert "\u202e" not in line


def test_a_terminal_gets_no_commands_and_whole_emoji():
    assert printable(f"a\x1b[2J\u202eb\n{FAMILY}") == f"a\ufffd[2J\ufffdb\n{FAMILY}"
