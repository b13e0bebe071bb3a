"""Units chosen by number and by size."""

import pytest
import torch

from memory_app.core.inspection.unit_choice import UnitChoiceError, largest_units, parse_units


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("3", [3]),
        ("0-2, 5", [0, 1, 2, 5]),
        (" 5 , 0 - 2,1 ", [0, 1, 2, 5]),
        ("1 2 7", [1, 2, 7]),
        ("1–3，6", [1, 2, 3, 6]),
    ],
)
def test_a_list_of_numbers_and_ranges(text, units):
    assert parse_units(text, 8) == units


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "3-1", "8", "0-8", "1.5", "1,,2", "9" * 40])
def test_what_is_no_such_list_is_refused(text):
    with pytest.raises(UnitChoiceError):
        parse_units(text, 8)


@pytest.mark.parametrize("shape", [(7,), (2, 3, 4)])
def test_the_largest_are_those_of_a_slow_search(shape):
    torch.manual_seed(2)
    values = torch.randn(shape)
    found = largest_units(values, 5)
    places = [tuple(place) if isinstance(place, list) else (place,) for place in found]
    slow = sorted(
        (tuple(int(k) for k in place) for place in torch.ones(shape).nonzero()),
        key=lambda place: -abs(float(values[place])),
    )
    assert places == slow[:5]
