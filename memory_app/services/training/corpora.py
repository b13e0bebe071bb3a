"""Corpora: imported from files, uploads or the sample, and deleted; the runs that read them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from memory_app import registry
from memory_app.core.data import sample_corpus
from memory_app.core.data.formats import Taken
from memory_app.core.data.ingest import (
    Report,
    take_in,
    write_rows,
)
from memory_app.core.data.statistics import Profile
from memory_app.core.messages import Sentence, quoted
from memory_app.core.model.checkpoint_format import TOKENIZER_FILE
from memory_app.core.sandbox import ConfinedError, run_confined
from memory_app.models import UNFINISHED, Corpus, TrainingRun
from memory_app.services.operations.audit import audit_record
from memory_app.services.training.corpus_description import About, CorpusError, require_description
from memory_app.services.training.corpus_files import (
    Imported,
    limits_of,
    remove,
    store,
    temporary_file,
)


def _tokenizer(language: str) -> Path | None:
    """The live checkpoint's tokenizer, by which tokens are counted."""
    row = registry.live(language)
    path = registry.folder_of(row.sha256) / TOKENIZER_FILE if row else None
    return path if path and path.is_file() else None


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
    require_description(about)
    with temporary_file() as part, temporary_file() as valid:
        report = take_in(
            path,
            part,
            valid=valid,
            valid_share=valid_share,
            limits=limits_of(None),
            language=language,
            tokenizer=_tokenizer(language),
            progress=progress,
        )
        return store(part, valid, report, about, None)


def corpus_receive(*, file: Path, about: About, user: User) -> Imported:
    """Import an upload, parsed in a process of its own: this one never parses a byte of it.

    Raises:
        CorpusError: it can't be imported, for the reason in its message.
    """
    require_description(about)
    with temporary_file() as part, temporary_file() as valid:
        limits = limits_of(user)
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
        return store(part, valid, Report.from_dict(answer), about, user)


def _rows_import(rows: Iterable[Taken], about: About, user: User | None) -> Corpus:
    """Dialogues of our own making."""
    require_description(about)
    path = _tokenizer(about.language)
    from memory_app.core.text.tokenizer import Tokenizer

    with temporary_file() as part:
        profile = Profile(about.language, Tokenizer.load(path) if path else None)
        with part.open("wb") as out:
            report = write_rows(rows, out, profile, limits_of(user))
        corpus = store(part, None, report, about, user, "corpus.sample").corpus
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
        require_description(about)
    corpora: list[Corpus] = []
    try:
        for about in abouts:
            corpora.append(_rows_import(sample_corpus.sample_dialogues(about.split), about, user))  # noqa: PERF401
    except BaseException:
        for corpus in corpora:
            remove(corpus)
        raise
    return corpora


def corpus_kept(corpus: Corpus) -> Sentence | None:
    """Why it can't be deleted now, or None where it can."""
    users = runs_of(corpus)
    if not users:
        return None
    return Sentence(
        "The run {run} is still using {name}.",
        {"name": quoted(corpus), "run": quoted(users[0])},
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
        remove(corpus)


def lonely_valid_splits() -> set[UUID]:
    """The validation splits without a train split of their name: no run reads them."""
    train = Corpus.objects.filter(split="train").values("name")
    rows = Corpus.objects.filter(split="valid").exclude(name__in=train)
    return set(rows.values_list("pk", flat=True))


def runs_of(corpus: Corpus) -> list[TrainingRun]:
    """The runs that read this corpus and haven't ended; both splits of a name are read."""
    runs = TrainingRun.objects.filter(status__in=UNFINISHED)
    return [run for run in runs if any(name == corpus.name for name, _ in run.corpora)]
