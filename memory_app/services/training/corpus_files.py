"""The files of corpora: one each, stored whole with its row; the space left, and a page of one."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Sum

from memory_app.core.atomic_files import sync
from memory_app.core.data.ingest import (
    Limits,
    Report,
    Split,
)
from memory_app.core.data.read_corpus import Refusal
from memory_app.core.data.statistics import MARK_EVERY
from memory_app.core.messages import Sentence, quoted
from memory_app.core.number_text import size_text
from memory_app.models import Corpus
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.upload_folder import MIB
from memory_app.services.training.corpus_description import (
    About,
    CorpusError,
)


@dataclass(slots=True)
class Imported:
    """The result of an import. `corpus` is None when no row was taken.

    `valid` is the validation split, if one was requested; `skipped` counts rows without a dialogue
    (a header), `skipped_messages` messages left out of dialogues.
    """

    corpus: Corpus | None = None
    valid: Corpus | None = None
    taken: int = 0
    refused: int = 0
    skipped: int = 0
    skipped_messages: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def reason(self) -> Sentence:
        """Why there is no corpus; the page lists the reasons of several refused rows."""
        if not self.refused:
            return Sentence("No row was imported: the file has no rows.")
        if self.refused > 1:
            return Sentence("No row was imported: all of them were refused.")
        first = self.refusals[0]
        if not first.line:
            return Sentence("No row was imported; the file is {reason}.", {"reason": first.said})
        return Sentence(
            "No row was imported; line {line}: {reason}.",
            {"line": str(first.line), "reason": first.said},
        )


def corpora_folder() -> Path:
    """The folder of all corpora's rows, one file each."""
    return Path(settings.DATA_DIR) / "corpora"


def room_left(user: User | None) -> int:
    """Bytes that this user's next corpus may take; the operator at the terminal has no quota."""
    if user is None:
        return settings.CORPUS_MAX_MB * MIB

    def taken(**whose: Any) -> int:
        return Corpus.objects.filter(**whose).aggregate(sum=Sum("bytes"))["sum"] or 0

    return max(
        0,
        min(
            settings.CORPUS_MAX_MB * MIB,
            settings.CORPORA_USER_MB * MIB - taken(uploaded_by=user),
            settings.CORPORA_TOTAL_MB * MIB - taken(),
        ),
    )


def limits_of(user: User | None) -> Limits:
    room = room_left(user)
    if room < 1:
        raise CorpusError("The quota for corpora is used up. Delete a corpus first.")
    return Limits(settings.CORPUS_MAX_MB * MIB, settings.CORPUS_MAX_ROWS, room)


@contextmanager
def temporary_file() -> Iterator[Path]:
    """A temporary file among the corpora, removed at the end unless it was renamed."""
    corpora_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=".import.", dir=corpora_folder())
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def store(
    part: Path,
    valid: Path | None,
    report: Report,
    about: About,
    user: User | None,
    action: str = "corpus.upload",
) -> Imported:
    """Move the files into place and create their rows, if any dialogue was taken.

    `action` is that of the audit entry.
    """
    result = Imported(
        None,
        None,
        report.taken,
        report.refused,
        report.skipped,
        report.skipped_messages,
        report.refusals,
        report.reasons,
    )
    if not report.taken:
        return result
    result.corpus = _place(part, report.train, report, about, user, action)
    if valid is not None and report.valid is not None:
        try:
            result.valid = _place(valid, report.valid, None, replace(about, split="valid"), user)
        except BaseException:
            remove(result.corpus)
            raise
    return result


def _place(
    part: Path,
    split: Split,
    report: Report | None,
    about: About,
    user: User | None,
    action: str = "corpus.upload",
) -> Corpus:
    """One split's file and row; the refusals of the whole are kept with the `report`."""
    sync(part)
    corpus = Corpus(
        name=about.name,
        split=about.split,
        language=about.language,
        licence=about.licence,
        attribution=about.attribution,
        sha256=split.sha256,
        bytes=split.bytes,
        rows=split.rows,
        tokens=split.profile.get("tokens"),
        profile=split.profile,
        uploaded_by=user,
    )
    if report is not None:
        corpus.refused = report.refused
        corpus.profile |= {
            "skipped": report.skipped,
            "skipped_messages": report.skipped_messages,
            "reasons": report.reasons,
        }
        corpus.refusals = [
            {
                "file": row.file,
                "line": row.line,
                "reason": row.reason,
                "said": row.said.to_dict(),
            }
            for row in report.refusals
        ]
    file = corpora_folder() / f"{corpus.pk}.jsonl"
    corpus.path = str(file.relative_to(settings.DATA_DIR))
    # The file first: a row never names a missing one.
    part.rename(file)
    try:
        with transaction.atomic():
            corpus.save(force_insert=True)
            audit_record(
                user=user,
                action=action,
                object=str(corpus),
                detail={"id": str(corpus.pk), "sha256": corpus.sha256, "rows": corpus.rows},
            )
    except IntegrityError:
        file.unlink()
        raise CorpusError(
            "A corpus named {name} already exists.", field="name", name=quoted(about.name)
        ) from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return corpus


def remove(corpus: Corpus) -> None:
    file = corpus_file(corpus)
    corpus.delete()
    # Once the row is gone nothing names the file; the other order could leave a row without one.
    transaction.on_commit(lambda: file.unlink(missing_ok=True))


def corpus_file(corpus: Corpus) -> Path:
    """The stored rows of a corpus."""
    return corpus.file


def corpus_page(corpus: Corpus, first: int, count: int) -> list[dict[str, Any]]:
    """`count` dialogues from the `first`, as stored: {"number", "turns": [{"role", "text"}]}."""
    marks = corpus.profile.get("marks") or [0]
    mark = min(first // MARK_EVERY, len(marks) - 1)
    dialogues: list[dict[str, Any]] = []
    try:
        with corpus_file(corpus).open("rb") as file:
            file.seek(marks[mark])
            for number, line in enumerate(file, mark * MARK_EVERY):
                if number >= first + count:
                    break
                if number >= first:
                    dialogues.append({"number": number + 1, "turns": json.loads(line)["turns"]})
    except OSError:
        return []
    return dialogues


def caps() -> dict[str, str | int]:
    """The bounds of an upload, for its page."""
    return {
        "bytes": settings.UPLOAD_MAX_MB * MIB,
        "body": size_text(settings.UPLOAD_MAX_MB * MIB),
        "unpacked": size_text(settings.CORPUS_MAX_MB * MIB),
        "rows": f"{settings.CORPUS_MAX_ROWS:,}",
    }
