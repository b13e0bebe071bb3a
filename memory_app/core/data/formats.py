"""The forms that dialogues come in: JSON, line by line or whole; User:/Bot: lines; CSV.

`recognise` tells by a file's first bytes which one it is. Each reader turns the file into rows.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial

from memory_app.core import strict_json
from memory_app.core.data.csv_table import SEPARATOR, csv_rows, sniff
from memory_app.core.data.decompress import BOM, split_lines
from memory_app.core.data.dialogue_row import (
    Numbered,
    RefusedError,
    Row,
    Skipped,
    Taken,
    Turns,
    decode_line,
    normalise,
)
from memory_app.core.data.json_document import document_rows
from memory_app.core.data.json_shapes import KEYS, from_json
from memory_app.core.strict_json import StrictJSONError

__all__ = ["RefusedError", "Row", "Skipped", "Taken", "Turns", "normalise", "recognise"]

#: A file's rows out of its pieces.
Form = Callable[[Iterable[bytes]], Iterator[Row]]

#: Of the first bytes, so many lines tell the form.
SAMPLE_LINES = 200
# How a JSON object on a line begins. A cell of CSV may begin with a brace, but a cell that holds
# quotes is in quotes itself, and a quote inside it is doubled.
_OBJECT = re.compile(r"\s*\{\s*(?:\"(?!\")|\}|$)")
# How an array begins: with an object, an array or a string; with a number only where no CSV is
# meant, since a cell may begin with a bracket.
_ARRAY = re.compile(r"\s*\[\s*(?:[\[{\]\"]|$)")
_ARRAY_OF_VALUES = re.compile(
    r"\s*\[\s*(?:-?\d[\d.eE+-]*|true|false|null)\s*(?:,|$|\]\s*(?:$|[\r\n]))"
)
_JSON_NAMES = {".json", ".jsonl", ".ndjson"}
_CSV_NAMES = {".csv", ".tsv"}
SPEAKER = re.compile(r"\s*(user|bot)\s*[:：](.*)", re.IGNORECASE | re.DOTALL)


def _json_rows(numbered: Numbered) -> Iterator[Row]:
    for number, line in numbered:
        if line is not None and not line.strip():
            continue
        try:
            yield number, from_json(decode_line(line))
        except RefusedError as error:
            yield number, error


def _spoken_turn(line: bytes | None) -> tuple[str, str]:
    text = decode_line(line)
    match = SPEAKER.match(text)
    if match is None:
        raise RefusedError("unknown role: the line begins with neither User: nor Bot:")
    return match[1].lower(), match[2].strip()


def _spoken_rows(numbered: Numbered) -> Iterator[Row]:
    """Dialogues parted by blank lines; one bad line refuses its whole dialogue."""
    turns: Turns = []
    first, fault = 0, None
    for number, line in itertools.chain(numbered, [(0, b"")]):
        if line is not None and not line.strip():
            if fault is not None:
                yield fault
            elif turns:
                opening = sum(1 for _ in itertools.takewhile(lambda turn: turn[0] == "bot", turns))
                try:
                    yield first, Taken(normalise(turns), skipped=opening)
                except RefusedError as error:
                    yield first, error
            turns, fault = [], None
            continue
        if fault is not None:
            continue
        if not turns:
            first = number
        try:
            turns.append(_spoken_turn(line))
        except RefusedError as error:
            fault = (number, error)


def _by_lines(reader: Callable[[Numbered], Iterator[Row]]) -> Form:
    return lambda pieces: reader(enumerate(split_lines(pieces), 1))


def _is_document(head: str, names: Collection[str]) -> bool:
    """Whether the whole file is one JSON text, or several that go over more than a line each."""
    if _ARRAY.match(head):
        return True
    if head.lstrip().startswith("["):
        is_json = not _JSON_NAMES.isdisjoint(names)
        is_csv = not _CSV_NAMES.isdisjoint(names)
        return is_json or (not is_csv and _ARRAY_OF_VALUES.match(head) is not None)
    first, _, rest = head.lstrip().partition("\n")
    if not _OBJECT.match(first) or not rest.strip() or not first.rstrip().endswith(("{", "[", ",")):
        return False
    # A line of JSON lines that was cut looks the same; a whole dialogue follows it.
    try:
        following = strict_json.loads(rest.lstrip().partition("\n")[0])
    except StrictJSONError:
        return True
    return not isinstance(following, dict) or KEYS.keys().isdisjoint(following)


def recognise(head: bytes, names: Collection[str]) -> Form | None:
    """Which form a file with these first bytes has; a bad line or two do not change it.

    `names` are the endings of its name, which say what it means to be where that isn't clear.
    """
    text = head.removeprefix(BOM).decode("utf-8", "replace")
    if _is_document(text, names):
        return document_rows
    is_csv = not _CSV_NAMES.isdisjoint(names)
    sample = [line for line in split_lines([head]) if line is not None and line.strip()]
    sample = sample[:SAMPLE_LINES]
    texts = [line.decode("utf-8", "replace") for line in sample]
    objects = sum(_OBJECT.match(text) is not None for text in texts)
    spoken = sum(SPEAKER.match(text) is not None for text in texts)
    if objects and objects * 2 >= len(texts):
        return _by_lines(_json_rows)
    if spoken and spoken * 2 >= len(texts):
        return _by_lines(_spoken_rows)
    if not texts:
        return None
    if not _JSON_NAMES.isdisjoint(names):
        return _by_lines(_json_rows)
    delimiter, fitting, rows = sniff(sample)
    form = _by_lines(partial(csv_rows, delimiter=delimiter))
    # Prose has commas too: only a file that calls itself CSV may be mostly something else.
    if fitting and (is_csv or fitting * 2 >= rows or SEPARATOR.fullmatch(texts[0])):
        return form
    # Mostly rubbish, with some lines that can only be meant so.
    if objects or spoken:
        return _by_lines(_json_rows if objects >= spoken else _spoken_rows)
    return form if is_csv else None
