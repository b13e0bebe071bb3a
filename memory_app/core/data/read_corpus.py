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

from memory_app.core.data.decompress import (
    MAX_UNPACKED_BYTES,
    Progress,
    open_plain,
    pieces,
)
from memory_app.core.data.file_signatures import HEAD, foreign_kind
from memory_app.core.data.formats import RefusedError, Skipped, Taken, recognise
from memory_app.core.messages import Sentence

#: So many bytes of a file, once unpacked, tell its form.
SAMPLE_BYTES = 1 << 18
UNKNOWN_FORM = Sentence("not in a supported format: JSON, User:/Bot: lines or two-column CSV")


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
) -> Iterator[Taken | Skipped | Refusal]:
    """The rows of one file in its order, with a Refusal in the place of each bad one.

    Raises:
        UnpackError: the file can't be read to its end: a link, a damaged archive, or one that
            unpacks to more than `limit` bytes.
    """
    with open_plain(path) as file:
        unpacked = pieces(file, path.name, limit, progress)
        head = b""
        for piece in unpacked:
            head += piece
            if len(head) >= SAMPLE_BYTES:
                break
        if not head.strip():
            # A blank beginning of that length is in no form; what is blank to its end has no rows.
            if any(piece.strip() for piece in unpacked):
                yield Refusal(path.name, 0, UNKNOWN_FORM)
            return
        kind = foreign_kind(head[:HEAD])
        if kind:
            yield Refusal(path.name, 0, kind)
            return
        form = recognise(head, {suffix.lower() for suffix in path.suffixes[-2:]})
        if form is None:
            yield Refusal(path.name, 0, UNKNOWN_FORM)
            return
        for number, row in form(itertools.chain([head], unpacked)):
            if isinstance(row, RefusedError):
                yield Refusal(path.name, number, row.sentence)
            else:
                yield row


def parse_all(
    path: Path, limit: int = MAX_UNPACKED_BYTES, progress: Progress | None = None
) -> Iterator[Taken | Skipped | Refusal]:
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
                yield Refusal(name, 0, Sentence("not a regular file"))
            else:
                yield from parse(file, limit, progress)


def to_line(dialogue: Taken) -> bytes:
    """The stored form: one JSON object and a line break, UTF-8."""
    turns = [{"role": role, "text": text} for role, text in dialogue.turns]
    row = {"turns": turns} if dialogue.id is None else {"id": dialogue.id, "turns": turns}
    return (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
