"""A corpus comes in whole or not at all: its rows in one file, its name in one row."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from memory_app.models import Corpus
from memory_app.training.corpus import Refusal, parse_all, to_line

#: Of the rows that were refused, so many are kept with line and reason.
SHOWN_REFUSALS = 20
SPLITS, LANGUAGES = ("train", "valid"), ("en", "zh")


class CorpusError(ValueError):
    """A corpus that can't be taken; its message is one sentence for a person."""


@dataclass(slots=True)
class Imported:
    """What became of an import. `corpus` is None when no row was taken."""

    corpus: Corpus | None = None
    taken: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)


def corpora_folder() -> Path:
    """Where the rows of all corpora lie, one file each."""
    return Path(settings.DATA_DIR) / "corpora"


def _check(name: str, split: str, language: str) -> None:
    if not name.strip() or name != name.strip() or len(name) > 100 or not name.isprintable():
        raise CorpusError("A corpus needs a name of 1 to 100 visible characters.")
    if set(name) & set(":,/\\"):
        raise CorpusError("A corpus's name may not hold a colon, a comma or a slash.")
    if split not in SPLITS or language not in LANGUAGES:
        raise CorpusError("The split must be train or valid, the language en or zh.")
    if Corpus.objects.filter(name=name, split=split).exists():
        raise CorpusError(f"There is a corpus {name!r} with the split {split} already.")


def corpus_import(
    *,
    path: Path,
    name: str,
    split: str = "train",
    language: str = "en",
    licence: str = "",
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """Read a file or a folder, store what can be taken, and register it under its name.

    Raises:
        CorpusError: the name is taken or not a name.
        UnpackError: a file can't be read to its end; nothing was stored.
    """
    _check(name, split, language)
    result, digest = Imported(), hashlib.sha256()
    corpora_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, part = tempfile.mkstemp(prefix=".import.", dir=corpora_folder())
    try:
        with os.fdopen(descriptor, "wb") as out:
            for row in parse_all(path, progress=progress):
                if isinstance(row, Refusal):
                    result.refused += 1
                    if len(result.refusals) < SHOWN_REFUSALS:
                        result.refusals.append(row)
                    continue
                line = to_line(row)
                digest.update(line)
                out.write(line)
                result.taken += 1
            out.flush()
            os.fsync(out.fileno())
        if not result.taken:
            return result
        corpus = Corpus(
            name=name,
            split=split,
            language=language,
            licence=licence[:200],
            sha256=digest.hexdigest(),
            rows=result.taken,
            refused=result.refused,
        )
        file = corpora_folder() / f"{corpus.pk}.jsonl"
        corpus.path = str(file.relative_to(settings.DATA_DIR))
        # The file first: a row never names one that isn't there.
        Path(part).rename(file)
        try:
            with transaction.atomic():
                corpus.save(force_insert=True)
        except IntegrityError:
            file.unlink()
            raise CorpusError(f"There is a corpus {name!r} already.") from None
        result.corpus = corpus
        return result
    finally:
        Path(part).unlink(missing_ok=True)


def corpus_file(corpus: Corpus) -> Path:
    """The stored rows of a corpus."""
    return Path(settings.DATA_DIR) / corpus.path
