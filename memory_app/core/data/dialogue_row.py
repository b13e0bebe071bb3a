"""One row of a corpus file: a dialogue that was taken, a row that holds none, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from memory_app.core.data.decompress import MAX_LINE_BYTES
from memory_app.core.messages import SentenceError

Turns = list[tuple[str, str]]

MAX_TURN_CHARS = 8000
#: What stands for the user's turn where a row is a text that nothing comes before.
NO_PRIME = "—"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Taken:
    """One dialogue as the file has it. `id` is the file's own, or None.

    `skipped` counts the messages left out: those of a system, a developer or a tool, and what a
    bot says before the first user message.
    """

    turns: Turns
    id: str | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that holds no dialogue by design: a header, or Excel's line `sep=;`."""


class RefusedError(SentenceError):
    """Why one row can't be taken."""


#: Lines with their numbers from 1; None stands for a line that is too long.
Numbered = Iterator[tuple[int, bytes | None]]
Row = tuple[int, Taken | Skipped | RefusedError]


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
            raise RefusedError("a turn of more than {most} characters", most=f"{MAX_TURN_CHARS:,}")
        if "\0" in text:
            raise RefusedError("a NUL character")
        if _SURROGATE.search(text):
            raise RefusedError("invalid UTF-8")
        if merged and merged[-1][0] == role:
            merged[-1] = (role, merged[-1][1] + "\n" + text)
            # At once: a hundred thousand of them, joined one by one, would take minutes.
            if len(merged[-1][1]) > MAX_TURN_CHARS:
                raise RefusedError(
                    "consecutive turns of one role, together more than {most} characters",
                    most=f"{MAX_TURN_CHARS:,}",
                )
        elif merged or role == "user":
            merged.append((role, text))
    if len(merged) < 2:
        raise RefusedError("no user turn followed by a bot turn")
    return merged


def decode_line(line: bytes | None) -> str:
    """The text of one line.

    Raises:
        RefusedError: the line is too long, holds a NUL or isn't UTF-8.
    """
    if line is None:
        raise RefusedError("a line of more than {most} MiB", most=MAX_LINE_BYTES >> 20)
    if b"\0" in line:
        raise RefusedError("a NUL character")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("invalid UTF-8") from None
