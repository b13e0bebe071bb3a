"""The forms that dialogues come in: three shapes of JSON lines, User:/Bot: lines, two-column CSV.

Each reader turns numbered lines into rows: a Taken, or why this one can't be taken.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from memory_app.lm import strict_json
from memory_app.lm.sentence import SentenceError
from memory_app.lm.strict_json import StrictJSONError
from memory_app.training.unpack import MAX_LINE_BYTES

Turns = list[tuple[str, str]]

MAX_TURN_CHARS = 8000
ROLES = {
    "turns": {"user": "user", "bot": "bot"},
    "messages": {"user": "user", "assistant": "bot", "bot": "bot"},
    "conversations": {
        "human": "user",
        "user": "user",
        "gpt": "bot",
        "assistant": "bot",
        "bot": "bot",
    },
}
KEYS = {
    "turns": ("role", "text"),
    "messages": ("role", "content"),
    "conversations": ("from", "value"),
}
# How a JSON object on a line begins. A cell of CSV may begin with a brace, but a cell that holds
# quotes is in quotes itself, and a quote inside it is doubled.
_OBJECT = re.compile(r"\s*\{\s*(?:\"(?!\")|\}|$)")
SPEAKER = re.compile(r"\s*(user|bot)\s*[:：](.*)", re.IGNORECASE | re.DOTALL)
HEADERS = {
    ("user", "bot"),
    ("question", "answer"),
    ("prompt", "response"),
    ("prompt", "completion"),
    ("input", "output"),
    ("input", "response"),
    ("human", "assistant"),
    ("user", "assistant"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One dialogue as it was found. `id` is the file's own, or None."""

    turns: Turns
    id: str | None = None


class RefusedError(SentenceError):
    """Why one row can't be taken."""


Numbered = Iterator[tuple[int, bytes | None]]
Row = tuple[int, Taken | RefusedError]


def normalise(turns: Iterable[tuple[str, str]]) -> Turns:
    """Check each text, then bring the turns to the one form: user first, roles in turn.

    Neighbours of one role are joined by a line break. What a bot says before anybody spoke to it
    answers nothing and is left out.

    Raises:
        RefusedError: a text is empty, too long, or holds what can't be stored; nobody answers.
    """
    merged: Turns = []
    for role, text in turns:
        if not text.strip():
            raise RefusedError("empty text")
        if len(text) > MAX_TURN_CHARS:
            raise RefusedError("a turn over {most} characters", most=f"{MAX_TURN_CHARS:,}")
        if "\0" in text:
            raise RefusedError("a NUL character")
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise RefusedError("invalid UTF-8")
        if merged and merged[-1][0] == role:
            merged[-1] = (role, merged[-1][1] + "\n" + text)
            # At once: a hundred thousand of them, joined one by one, would take minutes.
            if len(merged[-1][1]) > MAX_TURN_CHARS:
                raise RefusedError(
                    "turns of one role in a row, together over {most} characters",
                    most=f"{MAX_TURN_CHARS:,}",
                )
        elif merged or role == "user":
            merged.append((role, text))
    if len(merged) < 2:
        raise RefusedError("no turn of a user that a bot answers")
    return merged


def _decode(line: bytes | None) -> str:
    if line is None:
        raise RefusedError("a line over {most} MiB", most=MAX_LINE_BYTES >> 20)
    if b"\0" in line:
        raise RefusedError("a NUL character")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("invalid UTF-8") from None


def _from_json(line: bytes | None) -> Taken:
    """One line of any of the three JSON shapes."""
    try:
        row: Any = strict_json.loads(_decode(line))
    except StrictJSONError as fault:
        raise RefusedError(fault.sentence) from None
    if not isinstance(row, dict):
        raise RefusedError("not a JSON object")
    shape = next((name for name in KEYS if name in row), None)
    if shape is None:
        raise RefusedError("no turns, messages or conversations")
    said = row[shape]
    if not isinstance(said, list) or not said:
        raise RefusedError("{key} is not a list of turns", key=shape)
    role_key, text_key = KEYS[shape]
    turns: Turns = []
    for turn in said:
        if not isinstance(turn, dict) or not isinstance(turn.get(text_key), str):
            raise RefusedError("a turn without {key} as a string", key=text_key)
        role = turn.get(role_key)
        if not isinstance(role, str) or role not in ROLES[shape]:
            raise RefusedError("unknown role {role}", role=json.dumps(role)[:40])
        turns.append((ROLES[shape][role], turn[text_key]))
    identity = row.get("id")
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        identity = None
    return Taken(normalise(turns), None if identity is None else _clean_id(str(identity)))


def _clean_id(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:200]


def _json_rows(numbered: Numbered) -> Iterator[Row]:
    for number, line in numbered:
        if line is not None and not line.strip():
            continue
        try:
            yield number, _from_json(line)
        except RefusedError as error:
            yield number, error


def _spoken_turn(line: bytes | None) -> tuple[str, str]:
    text = _decode(line)
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
                try:
                    yield first, Taken(normalise(turns))
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


def _csv_rows(numbered: Numbered) -> Iterator[Row]:
    """One exchange a row. What isn't UTF-8 passes as surrogates, which `normalise` refuses."""
    at = [0]
    long_lines: list[Row] = []

    def texts() -> Iterator[str]:
        for number, line in numbered:
            at[0] = number
            if line is None:
                long_lines.append(
                    (number, RefusedError("a line over {most} MiB", most=MAX_LINE_BYTES >> 20))
                )
            else:
                yield line.decode("utf-8", "surrogateescape") + "\n"

    reader = csv.reader(texts(), skipinitialspace=True)
    begun = False
    while True:
        first = at[0] + 1
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield first, RefusedError("not CSV: {reason}", reason=error)
            continue
        is_header = not begun and tuple(cell.strip().lower() for cell in record) in HEADERS
        if record and not is_header:
            try:
                if len(record) != 2:
                    raise RefusedError("not two columns but {count}", count=len(record))
                user, bot = (cell.strip() for cell in record)
                yield first, Taken(normalise([("user", user), ("bot", bot)]))
            except RefusedError as error:
                yield first, error
        begun = begun or bool(record)
    yield from long_lines


def recognise(
    sample: list[bytes], is_named_csv: bool
) -> Callable[[Numbered], Iterator[Row]] | None:
    """Which form these first lines have; a bad line or two among them does not change it."""
    texts = [line.decode("utf-8", "replace") for line in sample if line.strip()]
    objects = sum(_OBJECT.match(text) is not None for text in texts)
    spoken = sum(SPEAKER.match(text) is not None for text in texts)
    if objects and objects * 2 >= len(texts):
        return _json_rows
    if spoken and spoken * 2 >= len(texts):
        return _spoken_rows
    try:
        records = [row for row in csv.reader([text + "\n" for text in texts]) if row]
    except csv.Error:
        records = []
    pairs = sum(len(row) == 2 for row in records)
    # Prose has commas too: only a file that calls itself CSV may be mostly something else.
    if pairs and (is_named_csv or pairs * 2 >= len(records)):
        return _csv_rows
    # Mostly rubbish, with some lines that can only be meant so.
    if objects or spoken:
        return _json_rows if objects >= spoken else _spoken_rows
    return _csv_rows if is_named_csv and texts and not records else None
