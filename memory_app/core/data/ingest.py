"""Files become a corpus: normalised rows in one file, and a report of what was taken and refused.

Run as a module it does so in a process of its own (core/sandbox.py), for files that a browser sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from memory_app.core.data.decompress import MAX_UNPACKED_BYTES, Progress
from memory_app.core.data.formats import Skipped, Taken, Turns
from memory_app.core.data.read_corpus import Refusal, parse_all, to_line
from memory_app.core.data.statistics import Profile
from memory_app.core.messages import Sentence, SentenceError
from memory_app.core.sandbox import answer_confined
from memory_app.core.text.tokenizer import Tokenizer

#: Of the rows that were refused, so many are kept with line and reason.
SHOWN_REFUSALS = 20
#: Different reasons that are counted, and lines kept of each.
MOST_REASONS, LINES_A_REASON = 50, 8


class IntakeError(SentenceError):
    """A corpus that is larger than it may be; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one corpus: bytes once unpacked, rows (taken or refused), bytes as stored."""

    unpacked: int = MAX_UNPACKED_BYTES
    rows: int = 5_000_000
    stored: int = MAX_UNPACKED_BYTES


@dataclass(slots=True)
class Split:
    """One file that was written: its sha256, its size, how many dialogues, and their profile."""

    rows: int = 0
    sha256: str = ""
    bytes: int = 0
    profile: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What became of the rows: each was taken, refused, or skipped as one without a dialogue.

    `reasons`: {reason in English: {"said", "count", "lines", "more_lines"}}: how many
    rows, the first lines, and whether there are others.
    `skipped_messages` were left out of dialogues that were taken. `train` is what was written;
    `valid` the part of it that went into a file of its own, if that was asked for.
    """

    taken: int = 0
    refused: int = 0
    skipped: int = 0
    skipped_messages: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)
    train: Split = field(default_factory=Split)
    valid: Split | None = None

    def refuse(self, row: Refusal) -> None:
        """Count a refused row, by its reason."""
        self.refused += 1
        if len(self.refusals) < SHOWN_REFUSALS:
            self.refusals.append(row)
        if row.reason in self.reasons or len(self.reasons) < MOST_REASONS:
            new = {"said": row.said.to_dict(), "count": 0, "lines": [], "more_lines": False}
            reason = self.reasons.setdefault(row.reason, new)
            reason["count"] += 1
            # A line of a JSON document may contain many rows.
            if row.line and row.line not in reason["lines"]:
                if len(reason["lines"]) < LINES_A_REASON:
                    reason["lines"].append(row.line)
                else:
                    reason["more_lines"] = True

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Report:
        refusals = [
            Refusal(row["file"], row["line"], Sentence.from_dict(row["said"]))
            for row in data["refusals"]
        ]
        splits = {
            name: Split(**data[name]) if data[name] is not None else None
            for name in ("train", "valid")
        }
        return cls(**{**data, "refusals": refusals, **splits})


class _Writer:
    """Writes the stored lines of one split and counts what is in them."""

    def __init__(self, out: BinaryIO, profile: Profile) -> None:
        self._out, self._profile = out, profile
        self._digest = hashlib.sha256()
        self._split = Split()

    def write(self, line: bytes, turns: Turns) -> int:
        """Write a line; the bytes written so far."""
        self._profile.add(turns, self._split.bytes)
        self._digest.update(line)
        self._out.write(line)
        self._split.bytes += len(line)
        self._split.rows += 1
        return self._split.bytes

    def end(self) -> Split:
        self._split.sha256 = self._digest.hexdigest()
        self._split.profile = self._profile.to_dict()
        return self._split


def write_rows(
    rows: Iterable[Taken | Skipped | Refusal], out: BinaryIO, profile: Profile, limits: Limits
) -> Report:
    """Write what can be taken, one JSON line a dialogue.

    Raises:
        IntakeError: there are more rows or bytes than there may be.
    """
    report, writer = Report(), _Writer(out, profile)
    for number, row in enumerate(rows, 1):
        if number > limits.rows:
            raise IntakeError("The file has more than {most} rows.", most=f"{limits.rows:,}")
        if isinstance(row, Skipped):
            report.skipped += 1
            continue
        if isinstance(row, Refusal):
            report.refuse(row)
            continue
        if writer.write(to_line(row), row.turns) > limits.stored:
            raise IntakeError(
                "Its dialogues need more than the remaining {most} MiB.", most=limits.stored >> 20
            )
        report.taken += 1
        report.skipped_messages += row.skipped
    report.train = writer.end()
    return report


def _key(turns: Any) -> int:
    """Equal dialogues have equal keys, so that none is both learned from and measured on."""
    data = json.dumps(turns, ensure_ascii=False).encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def divide(
    path: Path, train: Path, valid: Path, *, percent: int, profiles: tuple[Profile, Profile]
) -> tuple[Split, Split]:
    """Part stored lines into two files; `percent` of the different dialogues go to `valid`.

    Which ones is settled by a hash of what is said: the same file is always parted alike. Eight
    bytes a dialogue are held in memory.

    Raises:
        IntakeError: there is one dialogue only, however often.
    """
    with path.open("rb") as file:
        keys = np.unique(
            np.fromiter((_key(json.loads(line)["turns"]) for line in file), dtype=np.uint64)
        )
    if len(keys) < 2:
        raise IntakeError("A validation split needs at least two different dialogues.")
    count = min(max(1, round(len(keys) * percent / 100)), len(keys) - 1)
    limit = int(keys[count - 1])
    with path.open("rb") as file, train.open("wb") as one, valid.open("wb") as other:
        writers = (_Writer(one, profiles[0]), _Writer(other, profiles[1]))
        for line in file:
            turns = json.loads(line)["turns"]
            said = [(turn["role"], turn["text"]) for turn in turns]
            writers[_key(turns) <= limit].write(line, said)
    return writers[0].end(), writers[1].end()


def take_in(
    path: Path,
    out: Path,
    *,
    valid: Path | None = None,
    valid_share: int = 0,
    limits: Limits = Limits(),
    language: str = "en",
    tokenizer: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read a file or a folder into `out`; tokens are counted by the tokenizer.json, if any.

    With `valid_share`, that many percent of the dialogues go into the file `valid` instead.

    Raises:
        IntakeError: it has more rows or bytes than it may have.
        UnpackError: a file can't be read to its end.
    """
    counter = Tokenizer.load(tokenizer) if tokenizer else None
    rows = parse_all(path, limits.unpacked, progress)
    if not valid_share or valid is None:
        with out.open("wb") as file:
            return write_rows(rows, file, Profile(language, counter), limits)
    whole = out.with_name(out.name + ".whole")
    try:
        with whole.open("wb") as file:
            report = write_rows(rows, file, Profile(language), limits)
        if report.taken:
            profiles = (Profile(language, counter), Profile(language, counter))
            report.train, report.valid = divide(
                whole, out, valid, percent=valid_share, profiles=profiles
            )
    finally:
        whole.unlink(missing_ok=True)
    return report


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    tokenizer = request["tokenizer"]
    return take_in(
        Path(request["path"]),
        Path(request["out"]),
        valid=Path(request["valid"]),
        valid_share=request["valid_share"],
        limits=Limits(**request["limits"]),
        language=request["language"],
        tokenizer=Path(tokenizer) if tokenizer else None,
    ).to_dict()


if __name__ == "__main__":
    answer_confined(_answer)
