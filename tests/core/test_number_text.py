"""Numbers as a person reads them; a whole number is read from ASCII digits alone."""

import math

import pytest

from memory_app.core.number_text import figure_text, size_text, whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("99", 99)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text, 99) == number


@pytest.mark.parametrize("text", ["", "100", "-1", "+1", " 1", "1_0", "1.0", "１", "²", "9" * 5000])
def test_anything_else_is_none(text: str) -> None:
    assert whole_number(text, 99) is None


@pytest.mark.parametrize(("value", "text"), [(math.inf, "∞"), (-math.inf, "−∞"), (1234.0, "1,234")])
def test_a_figure_without_end_has_its_sign(value: float, text: str) -> None:
    assert figure_text(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (13312, "13 KiB"),
        (1 << 20, "1 MiB"),
        (5 << 40, "5 TiB"),
        (1023 << 20, "0.999 GiB"),
    ],
)
def test_sizes_are_in_units_of_1024(count: int, text: str) -> None:
    assert size_text(count).replace("\N{NO-BREAK SPACE}", " ") == text
