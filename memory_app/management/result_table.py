"""A command's result as aligned lines for a person; --json prints it whole instead."""

from collections.abc import Iterator, Mapping
from typing import Any

from memory_app.core.number_text import figure_text


def result_table(result: Mapping[str, Any]) -> str:
    """One line a value: the names that lead to it, then the value."""
    rows = list(_rows(result, ""))
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _rows(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _rows(inner, f"{name} {key}".strip().replace("_", " "))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _rows(item, f"{name} {number}")
    elif isinstance(value, list):
        yield name, ", ".join(map(_text, value)) or "–"
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return figure_text(value)
    return str(value) if value not in (None, "") else "–"
