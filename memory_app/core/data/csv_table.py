"""Two columns of a CSV file as exchanges; each line is taken, skipped or refused by its number.

Python's csv module takes all that follows a stray quote into one cell and can't tell where that
began. Here a quote that isn't closed rightly refuses its own line, and the next one is read anew.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memory_app.core.data.decompress import MAX_LINE_BYTES
from memory_app.core.data.dialogue_row import (
    Numbered,
    RefusedError,
    Row,
    Skipped,
    Taken,
    normalise,
)

DELIMITERS = (",", ";", "\t")
#: Excel's first line, which says what parts the cells.
SEPARATOR = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
ASKED = {"user", "human", "question", "prompt", "input", "instruction", "query", "message"}
ASKED |= {"request", "utterance", "问题", "提问", "用户"}
#: A question only where no other column is one: it may also be what a question is about.
CONTEXT = "context"
REPLIED = {"bot", "assistant", "answer", "response", "completion", "output", "reply", "target"}
REPLIED |= {"回答", "答案", "回复", "助手"}
#: Characters that a quoted cell is followed for its end.
_FARTHEST = 1 << 20
#: A quoted cell with so many inner lines, each a row by itself, is a stray quote and its partner.
_ROWS_IN_A_CELL = 3


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a header puts the question (in one or two columns) and the answer."""

    names: tuple[str, ...]
    asked: tuple[int, ...]
    replied: int


def columns_of(cells: Sequence[str]) -> Columns | None:
    """The columns that a header names; None where the row is no header."""
    names = tuple(cell.strip().lower() for cell in cells)
    asked = tuple(at for at, name in enumerate(names) if name in ASKED)
    replied = [at for at, name in enumerate(names) if name in REPLIED]
    if not asked and CONTEXT in names:
        asked = (names.index(CONTEXT),)
    second = next((name for name in ("input", CONTEXT) if name in names), "")
    if "instruction" in names and second:  # Alpaca's and Dolly's: what to do, and with what
        asked = (names.index("instruction"), names.index(second))
        if len([name for name in names if name in ASKED - {second}]) > 1:
            return None
    elif len(asked) != 1:
        return None
    return Columns(names, asked, replied[0]) if len(replied) == 1 else None


class _Source:
    """Numbered lines that can be given back."""

    def __init__(self, numbered: Numbered) -> None:
        self._numbered = numbered
        self._returned: deque[tuple[int, bytes | None]] = deque()

    def next(self) -> tuple[int, bytes | None] | None:
        return self._returned.popleft() if self._returned else next(self._numbered, None)

    def give_back(self, lines: Sequence[tuple[int, bytes | None]]) -> None:
        self._returned.extendleft(reversed(lines))


def _text(line: bytes) -> str:
    # What isn't UTF-8 passes as surrogates, which `normalise` refuses.
    return line.decode("utf-8", "surrogateescape")


def _cells(first: bytes, source: _Source, delimiter: str) -> list[str]:
    """The cells of the record that begins with this line, and more lines where a quote asks.

    Raises:
        RefusedError: a quote isn't closed rightly; the lines after the first are given back.
    """
    line, at, cells = _text(first), 0, []
    further: list[tuple[int, bytes | None]] = []
    try:
        while True:
            while at < len(line) and line[at] == " ":
                at += 1
            if line[at : at + 1] != '"':
                end = line.find(delimiter, at)
                cells.append((line[at:] if end < 0 else line[at:end]).strip())
                if end < 0:
                    break
                at = end + 1
                continue
            cell, line, at = _quoted(line, at + 1, source, further)
            cells.append(cell.strip())
            rest = re.compile(rf"\s*(?:({re.escape(delimiter)})|$)").match(line, at)
            if rest is None:
                raise RefusedError("a quote within quotes that isn’t doubled")
            if rest[1] is None:
                break
            at = rest.end()
        inner = [_text(data or b"") for _, data in further[:-1]]
        if len(inner) >= _ROWS_IN_A_CELL and all(_is_row(text, delimiter) for text in inner):
            raise RefusedError("a quote that is closed only after whole rows")
    except RefusedError:
        source.give_back(further)
        raise
    return cells


def _quoted(
    line: str, at: int, source: _Source, further: list[tuple[int, bytes | None]]
) -> tuple[str, str, int]:
    """The cell whose opening quote is passed; the line that it ends on, and where."""
    parts: list[str] = []
    size = 0
    while True:
        end = line.find('"', at)
        if end >= 0:
            parts.append(line[at:end])
            if line[end + 1 : end + 2] != '"':
                return "".join(parts), line, end + 1
            parts.append('"')
            at = end + 2
            continue
        parts += [line[at:], "\n"]
        size += len(line) - at
        following = source.next()
        if following is not None:
            further.append(following)
        if following is None or following[1] is None or size > _FARTHEST:
            raise RefusedError("a quote that is never closed")
        line, at = _text(following[1]), 0


def _is_row(text: str, delimiter: str) -> bool:
    """Whether a line by itself is a row of two cells; a comma of prose has a blank behind it."""
    one, _, other = text.partition(delimiter)
    return bool(one.strip() and other.strip()) and delimiter not in other and other[0] != " "


def _exchange(cells: Sequence[str], columns: Columns | None) -> Taken:
    width = len(columns.names) if columns else 2
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    if columns is None:
        if len(cells) != 2:
            raise RefusedError("{count} columns instead of two", count=len(cells))
        return Taken(normalise([("user", cells[0]), ("bot", cells[1])]))
    if len(cells) != width:
        raise RefusedError(
            "columns: {count}, in the header: {width}", count=len(cells), width=width
        )
    asked = "\n\n".join(cells[at] for at in columns.asked if cells[at])
    return Taken(normalise([("user", asked), ("bot", cells[columns.replied])]))


def _records(
    numbered: Numbered, delimiter: str
) -> Iterator[tuple[int, list[str] | Skipped | RefusedError]]:
    """Each record by its first line; a line `sep=;` sets the delimiter of what follows."""
    source = _Source(numbered)
    while (numbered_line := source.next()) is not None:
        first, line = numbered_line
        if line is None:
            yield first, RefusedError("a line of more than {most} MiB", most=MAX_LINE_BYTES >> 20)
            continue
        if not line.strip():
            continue
        separator = SEPARATOR.fullmatch(_text(line))
        if separator:  # again at the start of each file that was joined to the one before
            delimiter = separator[1]
            yield first, Skipped()
            continue
        try:
            yield first, _cells(line, source, delimiter)
        except RefusedError as error:
            yield first, error


def csv_rows(numbered: Numbered, delimiter: str = ",") -> Iterator[Row]:
    """One exchange a row: the columns that a header names, or else the only two."""
    columns: Columns | None = None
    begun = False
    for first, record in _records(numbered, delimiter):
        if not isinstance(record, list):
            yield first, record
            continue
        names = columns_of(record)
        if not begun:
            columns, begun = names, True
        if names is not None and names == columns:  # it stands again where files were joined
            yield first, Skipped()
            continue
        try:
            yield first, _exchange(record, columns)
        except RefusedError as error:
            yield first, error


def sniff(sample: Sequence[bytes]) -> tuple[str, int, int]:
    """What parts the cells of these lines: the delimiter, rows of as many cells as asked, rows."""
    best: tuple[tuple[bool, int, int], str, int, int] | None = None
    for delimiter in DELIMITERS:
        found = [record for _, record in _records(iter(enumerate(sample, 1)), delimiter)]
        records = [record for record in found if not isinstance(record, Skipped)]
        tables = [record for record in records if isinstance(record, list)]
        columns = columns_of(tables[0]) if tables else None
        width = len(columns.names) if columns else 2
        fitting = sum(len(record) == width for record in tables)
        # A comma of prose has a blank behind it.
        tight = sum(re.search(rf"\S{delimiter}\S", _text(line)) is not None for line in sample)
        score = (columns is not None, fitting, tight)
        if best is None or score > best[0]:
            best = (score, delimiter, fitting, len(records))
    assert best is not None
    return best[1:]
