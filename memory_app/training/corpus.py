"""Dialogues out of files, in every form that import_corpus takes; what is wrong is refused by line.

A dialogue is a list of (role, text), role "user" or "bot", user first, roles in turn. Knows no
database and no tokens.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memory_app.lm.sentence import Sentence
from memory_app.training.corpus_forms import RefusedError, Taken, recognise
from memory_app.training.foreign import HEAD, foreign_kind
from memory_app.training.unpack import (
    MAX_LINE_BYTES,
    MAX_UNPACKED_BYTES,
    Progress,
    lines,
    open_plain,
)

SAMPLE_LINES = 200
UNKNOWN_FORM = Sentence("in no form that is known: JSON lines, User:/Bot: lines or two-column CSV")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken: its file's name, its first line (from 1; 0 = the whole file)."""

    file: str
    line: int
    said: Sentence

    @property
    def reason(self) -> str:
        """Why, in English."""
        return str(self.said)


def parse(
    path: Path, limit: int = MAX_UNPACKED_BYTES, progress: Progress | None = None
) -> Iterator[Taken | Refusal]:
    """The dialogues of one file in its order, with a Refusal in the place of each bad row.

    Raises:
        UnpackError: the file can't be read to its end: a link, a damaged archive, or one that
            unpacks to more than `limit` bytes.
    """
    with open_plain(path) as file:
        numbered = enumerate(lines(file, path.name, limit, progress=progress), 1)
        head: list[tuple[int, bytes | None]] = []
        size = 0
        for number, line in numbered:
            if number == 1 and line is not None:
                line = line.removeprefix(b"\xef\xbb\xbf")
            head.append((number, line))
            size += len(line or b"")
            if len(head) >= SAMPLE_LINES or size > MAX_LINE_BYTES:
                break
        kind = foreign_kind(b"\n".join(line for _, line in head[:9] if line is not None)[:HEAD])
        if kind:
            yield Refusal(path.name, 0, kind)
            return
        suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
        form = recognise([line for _, line in head if line is not None], ".csv" in suffixes)
        if form is None:
            if head:
                yield Refusal(path.name, 0, UNKNOWN_FORM)
            return
        for number, row in form(itertools.chain(head, numbered)):
            if isinstance(row, RefusedError):
                yield Refusal(path.name, number, row.sentence)
            else:
                yield row


def parse_all(
    path: Path, limit: int = MAX_UNPACKED_BYTES, progress: Progress | None = None
) -> Iterator[Taken | Refusal]:
    """`parse` for a file, or for each file of a folder by name; what is hidden is left out.

    Raises:
        UnpackError: as `parse`, for a file or for `path` itself.
    """
    if path.is_symlink() or not path.is_dir():
        yield from parse(path, limit, progress)
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(folders + names):
            file = Path(folder) / name
            if name.startswith(".") or (file.is_dir() and not file.is_symlink()):
                continue
            if file.is_symlink():
                yield Refusal(name, 0, Sentence("a symlink"))
            elif not file.is_file():
                yield Refusal(name, 0, Sentence("not a plain file"))
            else:
                yield from parse(file, limit, progress)


def to_line(dialogue: Taken) -> bytes:
    """The stored form: one JSON object and a line break, UTF-8."""
    turns = [{"role": role, "text": text} for role, text in dialogue.turns]
    row = {"turns": turns} if dialogue.id is None else {"id": dialogue.id, "turns": turns}
    return (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
