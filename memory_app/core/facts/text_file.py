"""A language's files, read into dataclasses and checked against their annotations.

TOML's keys are the dataclass's fields. A field's type says what a key may hold, its `Fields` which
{placeholders} its texts may have. What is wrong is told in one sentence that names file and key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

Texts = tuple[str, ...]
Exchange = tuple[str, str]
#: Ways to say something, and replies that fit any of them.
Entry = tuple[Texts, Texts]
T = TypeVar("T")


class LanguageError(ValueError):
    """A file of a language that can't be used; one sentence that begins with its path."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Placeholders that texts may have, and of which each needs one; names parted by spaces."""

    allowed: str = ""
    needed: str = ""


#: Whole texts without placeholders.
Phrases = Annotated[Texts, Fields()]


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        LanguageError: no such file, or not UTF-8.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise LanguageError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise LanguageError(f"{path}: not UTF-8.") from error


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's keys.

    Raises:
        LanguageError: as `read_text`, or not TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise LanguageError(f"{path}: not TOML: {error}.") from error


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Lines "text | text => reply | reply": ways to say something and replies to any of them.

    Raises:
        LanguageError: as `read_text`, or a line of another form.
    """
    entries = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        says, _, replies = (tuple(part.split(" | ")) for part in line.partition(" => "))
        if not all(text.strip() for text in (*says, *replies)):
            raise LanguageError(f"{path}: line {number} is not “text | text => reply | reply”.")
        entries.append((says, replies))
    if not entries:
        raise LanguageError(f"{path}: there are no lines.")
    return tuple(entries)


def build(cls: type[T], path: Path, data: Mapping[str, Any] | None = None, **given: Any) -> T:
    """An instance of a dataclass from a TOML file; fields of `given` are no keys of it.

    Raises:
        LanguageError: as `read_toml`; an unknown or missing key, a value of another type, a text
            with a placeholder that it can't have or without one that it needs; what the dataclass
            itself refuses by a ValueError.
    """
    if data is None:
        data = read_toml(path)
    hints = get_type_hints(cls, include_extras=True)
    keys = {item.name: item for item in fields(cls) if item.init and item.name not in given}  # type: ignore[arg-type]
    for key in data:
        if key not in keys:
            raise LanguageError(f"{path}: unknown key {key}; there are {', '.join(keys)}.")
    values = {}
    for key, item in keys.items():
        if key in data:
            values[key] = _checked(path, key, data[key], hints[key])
        elif item.default is MISSING and item.default_factory is MISSING:
            raise LanguageError(f"{path}: the key {key} is missing.")
    try:
        return cls(**values, **given)
    except ValueError as error:
        raise LanguageError(f"{path}: {error}") from error


def check_texts(path: Path, key: str, texts: Texts, wanted: Fields) -> None:
    """Whether texts can be filled in.

    Raises:
        LanguageError: as `build` says of texts.
    """
    for text in texts:
        try:
            parts = [part for part in Formatter().parse(text) if part[1] is not None]
        except ValueError as error:
            raise LanguageError(f"{path}: {key}: “{text}” has a brace too many.") from error
        names = {name for _, name, _, _ in parts}
        known = set(wanted.allowed.split())
        if unknown := sorted(str(name) for name in names - known):
            some = " ".join(f"{{{name}}}" for name in sorted(known)) or "none"
            raise LanguageError(
                f"{path}: {key}: “{text}” has {{{unknown[0]}}}; it may have {some}."
            )
        if any(spec or conversion for _, _, spec, conversion in parts):
            raise LanguageError(f"{path}: {key}: “{text}” may only have bare {{names}}.")
        if wanted.needed and not names & set(wanted.needed.split()):
            some = " or ".join(f"{{{name}}}" for name in wanted.needed.split())
            raise LanguageError(f"{path}: {key}: “{text}” needs {some}.")
        if not text.strip():
            raise LanguageError(f"{path}: {key}: a text is empty.")


def any_of(key: str, patterns: Texts) -> re.Pattern[str]:
    """One regular expression for several, in any case. Raises ValueError where one is wrong."""
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{key}: “{pattern}” is no regular expression: {error}.") from error
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def _checked(path: Path, key: str, value: Any, hint: Any) -> Any:
    wanted = None
    if get_origin(hint) is Annotated:
        hint, wanted = get_args(hint)[:2]
    try:
        converted = _converted(value, hint)
    except TypeError as error:
        raise LanguageError(f"{path}: {key} must be {_described(hint)}.") from error
    if converted in ((), {}):
        raise LanguageError(f"{path}: {key} is empty.")
    if isinstance(wanted, Fields):
        check_texts(path, key, (converted,) if hint is str else converted, wanted)
    return converted


def _converted(value: Any, hint: Any) -> Any:
    """The value as the type of a dataclass's field; TypeError where it is of another."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is float and type(value) in (int, float):
        return float(value)
    if hint in (str, bool, int) and type(value) is hint:
        return value
    if origin is tuple and isinstance(value, list):
        if args[-1] is Ellipsis:
            return tuple(_converted(item, args[0]) for item in value)
        if len(args) == len(value):
            return tuple(_converted(item, arg) for item, arg in zip(value, args, strict=True))
    if origin is dict and isinstance(value, dict):
        return {key: _converted(item, args[1]) for key, item in value.items()}
    raise TypeError


def _described(hint: Any) -> str:
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple and args[-1] is Ellipsis:
        return f"a list, each item {_described(args[0])}"
    if origin is tuple:
        return f"a list of {len(args)}, each {_described(args[0])}"
    if origin is dict:
        return f"a table, each value {_described(args[1])}"
    return {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}[hint]
