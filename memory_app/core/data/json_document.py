"""The values of a JSON document one by one, however long it is: an array's elements, or objects.

A streaming parser would end at the first fault, knows no line numbers and reads a key that stands
twice as it likes. So this only finds where each element begins and ends; the strict reader of JSON
lines (json_shapes.py) reads it. At most one element is in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from memory_app.core.data.decompress import BOM, MAX_LINE_BYTES
from memory_app.core.data.dialogue_row import RefusedError, Row, decode_line
from memory_app.core.data.json_shapes import from_json

#: Between two elements: white space, commas, the mark that a joined file begins with.
_BETWEEN = re.compile(rb"(?:[\s,]|\xef\xbb\xbf)*+")
#: To the next bracket, past whole strings. Possessive: a string that never ends costs one pass.
_SKIP = re.compile(rb'[^"{}\[\]]*+(?:"(?:[^"\\\n]++|\\.)*+"[^"{}\[\]]*+)*+')
_STRING = re.compile(rb'"(?:[^"\\\n]++|\\.)*+')
_WORD = re.compile(rb'[^\s,"{}\[\]]++')
_LINE = re.compile(rb"[^\n]*+")
_OPENED_BY = {ord("}"): ord("{"), ord("]"): ord("[")}

Value = tuple[int, bytes | RefusedError]


class _Unreadable(Exception):
    """What follows can't be told apart any more."""


class _Splitter:
    """Finds the elements in pieces of a document; lines are counted from 1."""

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        self._line = 1
        self._first_line = 1  # of the element being read
        self._in_array = False
        self._stack = bytearray()  # brackets open within the element
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Value]:
        """The elements that this piece completes; `last` when nothing follows it."""
        self._data = self._data[self._at :] + piece
        self._at = 0
        try:
            while (value := self._next(last)) is not None:
                if value != ():
                    yield value  # type: ignore[misc]
        except _Unreadable:
            fault = RefusedError(
                "not JSON: a line break or the file's end inside a string; "
                "what follows was not read"
            )
            yield self._first_line if self._stack else self._line, fault
            raise
        if last and self._stack:
            yield self._cut_off()
        elif last and self._in_array:
            yield self._line, RefusedError("not JSON: the array has no end")

    def _cut_off(self) -> Value:
        """The fault of an element that the file ends in, on the line where it stops being JSON."""
        text = b"".join(self._parts).decode(errors="replace")
        try:
            json.loads(text)
        except json.JSONDecodeError as fault:
            if text[fault.pos :].strip():
                line = self._first_line + fault.lineno - 1
                return line, RefusedError(
                    "not JSON, in a value that begins on line {line} and has no end",
                    line=self._first_line,
                )
        except (RecursionError, ValueError):
            pass
        return self._first_line, RefusedError("not JSON: the file ends inside it")

    def _next(self, last: bool) -> Value | tuple[()] | None:
        """The next element; () where one step was done without one, None where data is used up."""
        if self._stack:
            return self._inside(last)
        self._advance(_BETWEEN.match(self._data, self._at).end())  # type: ignore[union-attr]
        rest = len(self._data) - self._at
        # A mark of three bytes may be cut by the piece's end.
        if not rest or (not last and rest < len(BOM) and BOM.startswith(self._data[self._at :])):
            return None
        return self._outside(last)

    def _outside(self, last: bool) -> Value | tuple[()] | None:
        first = self._data[self._at]
        if first == ord("]") and self._in_array:
            self._in_array = False
            self._advance(self._at + 1)
            return ()
        if first == ord("{") or (first == ord("[") and self._in_array):
            self._first_line, self._size = self._line, 0
            self._stack.append(first)
            self._keep(self._at + 1)
            return ()
        if first == ord("["):
            self._in_array = True
            self._advance(self._at + 1)
            return ()
        return self._scalar(last)

    def _scalar(self, last: bool) -> Value | None:
        """A string, a number or rubbish: no dialogue, but a row that is accounted for."""
        pattern = _LINE if not self._in_array else _STRING
        found = pattern.match(self._data, self._at) or _WORD.match(self._data, self._at)
        end = found.end() if found else self._at + 1
        if self._in_array and self._data[self._at] == ord('"') and end < len(self._data):
            if self._data[end] != ord('"'):
                if self._data[end] == ord("\\") and end + 1 == len(self._data) and not last:
                    self._wait()
                    return None
                raise _Unreadable
            end += 1
        elif end == len(self._data) and not last:
            self._wait()
            return None
        line, value = self._line, self._data[self._at : end]
        self._advance(end)
        return line, value

    def _wait(self) -> None:
        """More is needed; not without end."""
        if len(self._data) - self._at > MAX_LINE_BYTES:
            raise _Unreadable

    def _inside(self, last: bool) -> Value | tuple[()] | None:
        end = _SKIP.match(self._data, self._at).end()  # type: ignore[union-attr]
        if end == len(self._data):
            self._keep(end)
            return None
        char = self._data[end]
        if char == ord('"'):
            self._keep(end)
            stop = _STRING.match(self._data, end).end()  # type: ignore[union-attr]
            cut = stop == len(self._data) or (
                self._data[stop] == ord("\\") and stop + 1 == len(self._data)
            )
            if last or not cut:
                raise _Unreadable
            self._wait()
            return None
        if char in b"{[":
            self._stack.append(char)
        else:
            opener = _OPENED_BY[char]
            if opener not in self._stack:
                if not self._in_array or char == ord("}"):
                    self._keep(end + 1)
                    return ()
                # The array ends while an object in it is open: the object ends here, as a fault.
                self._stack.clear()
                self._keep(end)
                return self._element()
            # A bracket that was never closed ends with the one around it.
            while self._stack.pop() != opener:
                pass
        self._keep(end + 1)
        return () if self._stack else self._element()

    def _element(self) -> Value:
        value: bytes | RefusedError = b"".join(self._parts)
        if self._size > MAX_LINE_BYTES:
            value = RefusedError("a dialogue of more than {most} MiB", most=MAX_LINE_BYTES >> 20)
        self._parts.clear()
        return self._first_line, value

    def _keep(self, end: int) -> None:
        """Move to `end`; what is passed belongs to the element."""
        self._size += end - self._at
        if self._size > MAX_LINE_BYTES:
            self._parts.clear()
        else:
            self._parts.append(self._data[self._at : end])
        self._advance(end)

    def _advance(self, end: int) -> None:
        self._line += self._data.count(b"\n", self._at, end)
        self._at = end


def values(pieces: Iterable[bytes]) -> Iterator[Value]:
    """Each element of the arrays and each object of a document, with the line it begins on."""
    splitter = _Splitter()
    try:
        for piece in pieces:
            yield from splitter.feed(piece)
        yield from splitter.feed(b"", last=True)
    except _Unreadable:
        return


def document_rows(pieces: Iterable[bytes]) -> Iterator[Row]:
    """The dialogues of a JSON document, pretty-printed or not."""
    for line, value in values(pieces):
        if isinstance(value, RefusedError):
            yield line, value
            continue
        try:
            yield line, from_json(decode_line(value))
        except RefusedError as error:
            yield line, error
