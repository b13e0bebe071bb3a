"""Files become a corpus: normalised rows in one file, and a report of what was taken and refused.

Run as a module it does so in a process of its own (lm/confined.py), for files that a browser sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from memory_app.lm.confined import answer_confined
from memory_app.lm.sentence import Sentence, SentenceError
from memory_app.lm.tokenizer import Tokenizer
from memory_app.training.corpus import Refusal, parse_all, to_line
from memory_app.training.corpus_forms import Taken
from memory_app.training.profile import Profile
from memory_app.training.unpack import MAX_UNPACKED_BYTES, Progress

#: Of the rows that were refused, so many are kept with line and reason.
SHOWN_REFUSALS = 20


class IntakeError(SentenceError):
    """A corpus that is larger than it may be; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one corpus: bytes once unpacked, rows (taken or refused), bytes as stored."""

    unpacked: int = MAX_UNPACKED_BYTES
    rows: int = 5_000_000
    stored: int = MAX_UNPACKED_BYTES


@dataclass(slots=True)
class Report:
    """What became of the rows; `sha256` and `bytes` are of the file that was written."""

    taken: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    sha256: str = ""
    bytes: int = 0
    profile: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Report:
        refusals = [
            Refusal(row["file"], row["line"], Sentence.from_dict(row["said"]))
            for row in data["refusals"]
        ]
        return cls(**{**data, "refusals": refusals})


def write_rows(
    rows: Iterable[Taken | Refusal], out: BinaryIO, profile: Profile, limits: Limits
) -> Report:
    """Write what can be taken, one JSON line a dialogue.

    Raises:
        IntakeError: there are more rows or bytes than there may be.
    """
    report, digest = Report(), hashlib.sha256()
    for number, row in enumerate(rows, 1):
        if number > limits.rows:
            raise IntakeError("There are more than {most} rows.", most=f"{limits.rows:,}")
        if isinstance(row, Refusal):
            report.refused += 1
            if len(report.refusals) < SHOWN_REFUSALS:
                report.refusals.append(row)
            continue
        line = to_line(row)
        profile.add(row.turns, report.bytes)
        report.bytes += len(line)
        if report.bytes > limits.stored:
            raise IntakeError(
                "Its dialogues take more than the {most} MiB left.", most=limits.stored >> 20
            )
        digest.update(line)
        out.write(line)
        report.taken += 1
    report.sha256, report.profile = digest.hexdigest(), profile.to_dict()
    return report


def take_in(
    path: Path,
    out: Path,
    *,
    limits: Limits = Limits(),
    language: str = "en",
    tokenizer: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read a file or a folder into `out`; tokens are counted by the tokenizer.json, if any.

    Raises:
        IntakeError: it has more rows or bytes than it may have.
        UnpackError: a file can't be read to its end.
    """
    profile = Profile(language, Tokenizer.load(tokenizer) if tokenizer else None)
    with out.open("wb") as file:
        return write_rows(parse_all(path, limits.unpacked, progress), file, profile, limits)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    tokenizer = request["tokenizer"]
    return take_in(
        Path(request["path"]),
        Path(request["out"]),
        limits=Limits(**request["limits"]),
        language=request["language"],
        tokenizer=Path(tokenizer) if tokenizer else None,
    ).to_dict()


if __name__ == "__main__":
    answer_confined(_answer)
