"""Lists of values: what people tell.

A list begins with the values that conversations mention most, since a short curriculum
(`most_values`, the scope "core") takes the first ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from memory_app.core.facts.text_file import LanguageError, Texts, read_toml

_RANGE = re.compile(r"(\d{1,6})\.\.(\d{1,6})")


def read_values(path: Path) -> dict[str, Texts]:
    """The lists of a file by their names: texts with commas, and [mixed.NAME] of other lists.

    Whitespace is folded, order kept, doubles dropped; 8..89 stands for the numbers between.

    Raises:
        LanguageError: as `read_toml`, an empty list, a mixture of lists that aren't there.
    """
    data = read_toml(path)
    mixed = data.pop("mixed", {})
    lists = {}
    for name, text in data.items():
        if not isinstance(text, str):
            raise LanguageError(f"{path}: {name} must be a text of values with commas between.")
        lists[name] = tuple(dict.fromkeys(_values(text)))
    if not isinstance(mixed, dict) or not all(isinstance(part, dict) for part in mixed.values()):
        raise LanguageError(f"{path}: mixed must be tables of lists and their shares.")
    for name, shares in mixed.items():
        for part, share in shares.items():
            if part not in lists or type(share) is not int or share < 1:
                raise LanguageError(
                    f"{path}: mixed.{name}: “{part} = {share}” is no share of a list."
                )
        lists[name] = tuple(_mixed([(lists[part], share) for part, share in shares.items()]))
    for name, values in lists.items():
        if not values:
            raise LanguageError(f"{path}: {name} is empty.")
    return lists


def _values(text: str) -> Iterator[str]:
    for part in text.split(","):
        value = " ".join(part.split())
        if numbers := _RANGE.fullmatch(value):
            yield from map(str, range(int(numbers[1]), int(numbers[2]) + 1))
        elif value:
            yield value


def _mixed(parts: list[tuple[Texts, int]]) -> Iterator[str]:
    """Of each list in turn as many values as its share, until the first list ends."""
    first, share = parts[0] if parts else ((), 1)
    for n in range(-(-len(first) // share)):
        for values, count in parts:
            yield from values[n * count : (n + 1) * count]
