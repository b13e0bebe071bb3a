"""A corpus is imported whole or not at all: its rows in one file, its name in one row."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Sum

from memory_app import registry
from memory_app.core.atomic_files import sync
from memory_app.core.data import sample_corpus
from memory_app.core.data.formats import Taken
from memory_app.core.data.ingest import (
    SHOWN_REFUSALS,
    Limits,
    Report,
    Split,
    take_in,
    write_rows,
)
from memory_app.core.data.read_corpus import Refusal
from memory_app.core.data.statistics import MARK_EVERY, Profile
from memory_app.core.messages import Sentence, SentenceError, quoted
from memory_app.core.model.checkpoint_format import TOKENIZER_FILE
from memory_app.core.sandbox import ConfinedError, run_confined
from memory_app.core.text.graphemes import graphemes, is_name, is_one_line
from memory_app.models import UNFINISHED, Corpus, TrainingRun
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.upload_folder import MIB, size_of

__all__ = ["SHOWN_REFUSALS"]
SPLITS, LANGUAGES = ("train", "valid"), ("en", "zh")
#: Graphemes of a name; percent of a corpus that may be its validation split.
NAME_MAX, MOST_VALID = 100, 50


class CorpusError(SentenceError):
    """A corpus that can't be imported or deleted; its message is one sentence for a person."""


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


@dataclass(frozen=True, slots=True)
class About:
    """A person's description of a corpus; `valid_share` percent become its validation split."""

    name: str
    split: str = "train"
    language: str = "en"
    licence: str = ""
    attribution: str = ""
    valid_share: int = 0

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that an import makes."""
        return SPLITS if self.valid_share else (self.split,)


def language_doubt(corpus: Corpus) -> Sentence | None:
    """That a corpus' text doesn't look like its language, or None where it does."""
    profile = corpus.profile or {}
    if "han" not in profile or not profile.get("characters"):
        return None  # imported by an older version
    share = profile["han"] / profile["characters"]
    # Chinese has about nine Han characters in ten; a quoted word in English, a hundredth.
    if corpus.language == "en" and share > 0.3:
        return Sentence(
            "Most of its text is Chinese, but its language is English. If that is a mistake,"
            " delete it and import it again."
        )
    if corpus.language == "zh" and share < 0.1:
        return Sentence(
            "It contains hardly any Chinese, but its language is Chinese. If that is a mistake,"
            " delete it and import it again."
        )
    return None


def corpora_folder() -> Path:
    """The folder of all corpora's rows, one file each."""
    return Path(settings.DATA_DIR) / "corpora"


def about_faults(about: About) -> Iterator[CorpusError]:
    """Everything that is wrong with a description, field by field; a taken name included."""
    name = about.name
    if not is_name(name, 2 * NAME_MAX) or len(graphemes(name)) > NAME_MAX:
        yield CorpusError("A corpus needs a name of 1 to 100 visible characters.", field="name")
    elif set(name) & set(":,/\\"):
        yield CorpusError(
            "A corpus's name may not contain a colon, a comma or a slash.", field="name"
        )
    else:
        there = Corpus.objects.filter(name=name, split__in=about.splits).order_by("split").first()
        if there is not None:
            yield CorpusError(
                "The corpus {name} already has the split {split}.",
                field="name",
                name=quoted(name),
                split=there.split,
            )
    for field_, value, choices in (
        ("split", about.split, SPLITS),
        ("language", about.language, LANGUAGES),
    ):
        if value not in choices:
            yield CorpusError(
                "The split must be train or valid, and the language en or zh.", field=field_
            )
    if not 0 <= about.valid_share <= MOST_VALID:
        yield CorpusError(
            "The validation share is a whole percentage from 0 to {most}.",
            field="valid_share",
            most=MOST_VALID,
        )
    elif about.valid_share and about.split == "valid":
        yield CorpusError(
            "A validation split can only be taken from a train split.", field="valid_share"
        )
    for field_, text, most in (
        ("licence", about.licence, 200),
        ("attribution", about.attribution, 500),
    ):
        if len(text) > most or not is_one_line(text):
            yield CorpusError(
                "Licence and attribution must be one line of at most {most} characters each.",
                field=field_,
                most=most,
            )


def _check(about: About) -> None:
    """Require a valid description and a free name.

    Raises:
        CorpusError: the first fault.
    """
    for fault in about_faults(about):
        raise fault


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


def _limits(user: User | None) -> Limits:
    room = room_left(user)
    if room < 1:
        raise CorpusError("The quota for corpora is used up. Delete a corpus first.")
    return Limits(settings.CORPUS_MAX_MB * MIB, settings.CORPUS_MAX_ROWS, room)


def _tokenizer(language: str) -> Path | None:
    """The live checkpoint's tokenizer, by which tokens are counted."""
    row = registry.live(language)
    path = registry.folder_of(row.sha256) / TOKENIZER_FILE if row else None
    return path if path and path.is_file() else None


@contextmanager
def _part() -> Iterator[Path]:
    """A temporary file among the corpora, removed at the end unless it was renamed."""
    corpora_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=".import.", dir=corpora_folder())
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _store(
    part: Path, valid: Path | None, report: Report, about: About, user: User | None
) -> Imported:
    """Move the files into place and create their rows, if any dialogue was taken."""
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
    result.corpus = _place(part, report.train, report, about, user)
    if valid is not None and report.valid is not None:
        try:
            result.valid = _place(valid, report.valid, None, replace(about, split="valid"), user)
        except BaseException:
            _remove(result.corpus)
            raise
    return result


def _place(
    part: Path, split: Split, report: Report | None, about: About, user: User | None
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
                action="corpus.upload",
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


def corpus_import(
    *,
    path: Path,
    name: str,
    split: str = "train",
    language: str = "en",
    licence: str = "",
    attribution: str = "",
    valid_share: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """Read a file or a folder, store its valid rows, and register it under its name.

    `valid_share` percent of its dialogues become the validation split of the same name.

    Raises:
        CorpusError: the name is taken or invalid.
        UnpackError, IntakeError: a file can't be read to its end, or is too large; nothing was
            stored.
    """
    about = About(name, split, language, licence, attribution, valid_share)
    _check(about)
    with _part() as part, _part() as valid:
        report = take_in(
            path,
            part,
            valid=valid,
            valid_share=valid_share,
            limits=_limits(None),
            language=language,
            tokenizer=_tokenizer(language),
            progress=progress,
        )
        return _store(part, valid, report, about, None)


def corpus_receive(*, file: Path, about: About, user: User) -> Imported:
    """Import an upload, parsed in a process of its own: this one never parses a byte of it.

    Raises:
        CorpusError: it can't be imported, for the reason in its message.
    """
    _check(about)
    with _part() as part, _part() as valid:
        limits = _limits(user)
        tokenizer = _tokenizer(about.language)
        request = {
            "path": str(file),
            "out": str(part),
            "valid": str(valid),
            "valid_share": about.valid_share,
            "limits": {
                "unpacked": limits.unpacked,
                "rows": limits.rows,
                "stored": limits.stored,
            },
            "language": about.language,
            "tokenizer": str(tokenizer) if tokenizer else None,
        }
        try:
            answer = run_confined(
                "memory_app.core.data.ingest", request, seconds=settings.UPLOAD_SECONDS
            )
        except ConfinedError as fault:
            # The file's name is the server's own and means nothing to a person.
            sentence, ours = fault.sentence, fault.sentence.values.get("name") == file.name
            named = {"name": Sentence("The file")} if ours else {}
            raise CorpusError(
                Sentence(sentence.template, {**sentence.values, **named}), field="file"
            ) from None
        return _store(part, valid, Report.from_dict(answer), about, user)


def _rows_import(rows: Iterable[Taken], about: About, user: User | None) -> Corpus:
    """Dialogues of our own making."""
    _check(about)
    path = _tokenizer(about.language)
    from memory_app.core.text.tokenizer import Tokenizer

    with _part() as part:
        profile = Profile(about.language, Tokenizer.load(path) if path else None)
        with part.open("wb") as out:
            report = write_rows(rows, out, profile, _limits(user))
        corpus = _store(part, None, report, about, user).corpus
    assert corpus is not None
    return corpus


def sample_missing() -> list[str]:
    """The missing splits of the sample corpus."""
    there = set(Corpus.objects.filter(name=sample_corpus.NAME).values_list("split", flat=True))
    return [split for split in sample_corpus.SPLITS if split not in there]


def corpus_sample(*, user: User | None) -> list[Corpus]:
    """The missing splits of the sample corpus, the same dialogues each time.

    Raises:
        CorpusError: both splits exist.
    """
    abouts = [
        About(sample_corpus.NAME, split, "en", sample_corpus.LICENCE, sample_corpus.ATTRIBUTION)
        for split in sample_missing() or sample_corpus.SPLITS
    ]
    for about in abouts:
        _check(about)
    corpora: list[Corpus] = []
    try:
        for about in abouts:
            corpora.append(_rows_import(sample_corpus.sample_dialogues(about.split), about, user))  # noqa: PERF401
    except BaseException:
        for corpus in corpora:
            _remove(corpus)
        raise
    return corpora


def corpus_kept(corpus: Corpus) -> Sentence | None:
    """Why it can't be deleted now, or None where it can."""
    users = runs_of(corpus)
    if not users:
        return None
    return Sentence(
        "The run {run} is still using {name}.",
        {"name": str(corpus), "run": str(users[0])},
    )


def corpus_delete(*, corpus: Corpus, user: User | None) -> None:
    """Remove a corpus, row and file.

    Raises:
        CorpusError: a run that waits or works reads it.
    """
    with transaction.atomic():
        kept = corpus_kept(corpus)
        if kept is not None:
            raise CorpusError(Sentence(kept.template, kept.values))
        audit_record(
            user=user,
            action="corpus.delete",
            object=str(corpus),
            detail={"id": str(corpus.pk), "sha256": corpus.sha256},
        )
        _remove(corpus)


def _remove(corpus: Corpus) -> None:
    file = corpus_file(corpus)
    corpus.delete()
    # Once the row is gone nothing names the file; the other order could leave a row without one.
    transaction.on_commit(lambda: file.unlink(missing_ok=True))


def lonely_valid_splits() -> set[UUID]:
    """The validation splits without a train split of their name: no run reads them."""
    train = Corpus.objects.filter(split="train").values("name")
    rows = Corpus.objects.filter(split="valid").exclude(name__in=train)
    return set(rows.values_list("pk", flat=True))


def runs_of(corpus: Corpus) -> list[TrainingRun]:
    """The runs that read this corpus and haven't ended; both splits of a name are read."""
    runs = TrainingRun.objects.filter(status__in=UNFINISHED)
    return [run for run in runs if any(name == corpus.name for name, _ in run.corpora)]


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
        "body": size_of(settings.UPLOAD_MAX_MB * MIB),
        "unpacked": size_of(settings.CORPUS_MAX_MB * MIB),
        "rows": f"{settings.CORPUS_MAX_ROWS:,}",
    }
