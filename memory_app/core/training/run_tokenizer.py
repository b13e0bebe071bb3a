"""A run's tokenizer: its pieces are learned from what the run is to read, or are its parent's."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from memory_app.core.atomic_files import whole_file
from memory_app.core.data.dialogues import Source
from memory_app.core.facts import held_out_values, language_of, trained_values
from memory_app.core.facts.sample_texts import fact_texts, relation_texts
from memory_app.core.model.checkpoint import TOKENIZER_FILE
from memory_app.core.model.config import CHAT_TASK, COMPLETION_TASK, TRANSLATION_TASK
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.characters import byte_tokenizer, character_tokenizer
from memory_app.core.text.lines import marked
from memory_app.core.text.scripts import spaced
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.resume_file import SaveError

# What the pieces are learned from is bounded by how many there are to be: a small run begins soon.
# For each piece: dialogues of facts, how often each value is told, characters of the corpora.
FACT_DIALOGUES, VALUE_WEIGHT, CORPUS_CHARACTERS = 10_000 / 8192, 600 / 8192, 5000


def _texts(sources: Sequence[Source], settings: TrainingSettings) -> Iterator[str]:
    """What the pieces are learned from: the corpora, typed both ways, and the facts' words."""
    if settings.model.task == COMPLETION_TASK:
        yield from _plain_texts(sources, marks=settings.texts.line_marks == "lengths")
        return
    if settings.model.task == TRANSLATION_TASK:
        yield from _sentences(sources)
        return
    if settings.model.task != CHAT_TASK:
        yield from _weighted_texts(sources)
        return
    pieces = settings.model.vocab_size
    whole = sum(len(text) for source in sources for turns in source.train for _, text in turns)
    # Of corpora too long for so few pieces every so-manieth dialogue.
    stride = 1 + whole // (CORPUS_CHARACTERS * pieces)
    for source in sources:
        for index, dialogue in enumerate(source.train[::stride]):
            for role, text in dialogue:
                yield text
                if role == "user" and index % 5 == 0:
                    yield text.lower()
    if settings.curriculum.facts or settings.curriculum.identity:
        rng = random.Random(settings.optimisation.seed)
        language = language_of(settings.model.language)
        dialogues = min(10_000, round(FACT_DIALOGUES * pieces))
        yield from fact_texts(rng, settings.curriculum.fact_scope, dialogues, language)
        if settings.curriculum.relations:
            yield from relation_texts(rng, dialogues, settings.model.language)
        # A value that is one piece is one thing to keep in mind; in three it is three, in order.
        # The held-out ones too: without them "James" would be the one name that has to be spelled,
        # and the exam would measure the tokenizer. Training still never tells them.
        often = min(600, round(VALUE_WEIGHT * pieces))
        for value in trained_values("core", language) + held_out_values("core", language):
            yield f" {value} {value.lower()} {value.title()}" * often


def _weighted_texts(sources: Sequence[Source]) -> Iterator[str]:
    """Every text in lower case, as often as its source's weight says: few labelled texts must not
    be spelled in the pieces of many others.
    """
    for source in sources:
        whole, part = divmod(source.weight, 1.0)
        rng = random.Random(source.name)
        for dialogue in source.train:
            for _ in range(int(whole) + (rng.random() < part)):
                yield from (text.lower() for _, text in dialogue)


def _plain_texts(sources: Sequence[Source], *, marks: bool) -> Iterator[str]:
    """Every text of the corpora as it is fed."""
    for source in sources:
        for dialogue in source.train:
            for role, text in dialogue:
                yield marked(text) if marks and role == "bot" else text


def _sentences(sources: Sequence[Source]) -> Iterator[str]:
    """Every sentence as the task feeds it."""
    for source in sources:
        for dialogue in source.train:
            yield from (spaced(text) for _, text in dialogue)


def learn_tokenizer(settings: TrainingSettings, sources: Sequence[Source]) -> Tokenizer:
    """As many pieces as the settings say, learned from the corpora and the facts."""
    if settings.model.task == COMPLETION_TASK and settings.texts.vocabulary != "pieces":
        if settings.texts.vocabulary == "bytes":
            return byte_tokenizer()
        return character_tokenizer(_texts(sources, settings), settings.model.vocab_size)
    if settings.model.config(settings.model.vocab_size).inputs:
        return byte_tokenizer()  # nothing is read in tokens
    # A sentence of Chinese is one run of letters: its pieces would be whole phrases.
    single_han = settings.model.task == TRANSLATION_TASK
    return Tokenizer.train(
        _texts(sources, settings), settings.model.vocab_size, single_han=single_han
    )


def run_tokenizer(
    settings: TrainingSettings,
    sources: Sequence[Source],
    folder: Path,
    start_from: Path | None = None,
) -> Tokenizer:
    """The run's tokenizer: learned once or its parent's, then read from the run's folder."""
    path = folder / TOKENIZER_FILE
    if path.exists():
        return Tokenizer.load(path)
    if start_from is not None and settings.initialisation.pieces == "parent":
        tokenizer = Tokenizer.load(start_from / TOKENIZER_FILE)
    else:
        tokenizer = learn_tokenizer(settings, sources)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Any other process that learns it at this moment learns the same.
        with whole_file(path) as file:
            file.write(tokenizer.to_json().encode())
    except OSError as error:
        raise SaveError(
            "The tokenizer couldn't be written: {reason}.", reason=error.strerror
        ) from error
    return tokenizer
