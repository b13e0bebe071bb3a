"""One whole run: tokenizer, training, checkpoint folder. The same for a command and a task."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from memory_app.lm.checkpoint import (
    TOKENIZER_FILE,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    sync,
)
from memory_app.lm.model import LanguageModel
from memory_app.lm.tokenizer import Tokenizer
from memory_app.training import told_flags
from memory_app.training.batches import Mixture
from memory_app.training.dialogues import Source
from memory_app.training.fact_banks import DIALOGUES, BankError, mark, observe, open_fact_banks
from memory_app.training.facts import generate_dialogue, held_out_values, trained_values
from memory_app.training.facts.identity import identity_exchanges
from memory_app.training.parallel import ALONE, Group
from memory_app.training.perplexity import evaluate_perplexity
from memory_app.training.progress import Exchange, ProgressExam
from memory_app.training.save import SaveError, newest_save
from memory_app.training.settings import TrainingSettings
from memory_app.training.told_flags import FlagError
from memory_app.training.trainer import Callback, Interrupted, Metrics, train
from memory_app.training.transfer import take_over

CHECKPOINT_FOLDER = "checkpoint"
# What the pieces are learned from is bounded by how many there are to be: a small run begins soon.
# For each piece: dialogues of facts, how often each value is told, characters of the corpora.
FACT_DIALOGUES, VALUE_WEIGHT, CORPUS_CHARACTERS = 10_000 / 8192, 600 / 8192, 5000
# A validation that took longer than the training between two of them would be no help.
VALIDATION_DIALOGUES = 60

Validation = Mapping[str, float]


class Watcher(Callback):
    """A callback that is also told what every evaluation found."""

    def on_validation(self, step: int, bits_per_byte: Validation) -> None:
        """Bits per byte of each source that has validation dialogues."""

    def on_recall(self, step: int, shares: Mapping[str, float]) -> None:
        """Shares of right answers in a short exam, by gap."""

    def on_samples(self, step: int, exchanges: Sequence[Exchange]) -> None:
        """What the model said to a few fixed prompts."""

    def breaks_off(self) -> bool:
        """Asked between the parts of an evaluation: whether the run is to end without it."""
        return False


class _Evaluate(Callback):
    """Measures the model and tells the watchers; the same at every evaluation of every run."""

    def __init__(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
    ) -> None:
        self._valid = {s.name: list(s.valid[:VALIDATION_DIALOGUES]) for s in sources if s.valid}
        self._tokenizer = tokenizer
        self._watchers = [watcher for watcher in watchers if isinstance(watcher, Watcher)]
        # A process that nobody listens to (rank 1 and above) measures nothing.
        self._exam = ProgressExam(tokenizer, settings.language) if self._watchers else None
        self.last: dict[str, float] = {}
        self.shares: dict[str, float] = {}

    def _poll(self, rows: int = 0) -> None:
        if any(watcher.breaks_off() for watcher in self._watchers):
            raise Interrupted

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        self._poll()
        if self._valid:
            figures = evaluate_perplexity(model, self._tokenizer, self._valid, self._poll)
            self.last = {
                name: source["bits_per_byte"]
                for name, source in figures["per_source"].items()
                if source["bits_per_byte"] is not None
            }
            for watcher in self._watchers:
                watcher.on_validation(step, self.last)
        if self._exam is None:
            return
        self.shares = self._exam.recall(model, self._poll)
        self._poll()
        exchanges = self._exam.samples(model)
        for watcher in self._watchers:
            if self.shares:
                watcher.on_recall(step, self.shares)
            watcher.on_samples(step, exchanges)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run left: `checkpoint` is its folder, or None when it was ended early."""

    step: int
    tokens: int
    finished: bool
    checkpoint: Path | None
    sha256: str
    metrics: Metrics
    validation: dict[str, float] = field(default_factory=dict)


def _texts(sources: Sequence[Source], settings: TrainingSettings) -> Iterator[str]:
    """What the pieces are learned from: the corpora, typed both ways, and the facts' words."""
    pieces = settings.vocab_size
    whole = sum(len(text) for source in sources for turns in source.train for _, text in turns)
    # Of corpora too long for so few pieces every so-manieth dialogue.
    stride = 1 + whole // (CORPUS_CHARACTERS * pieces)
    for source in sources:
        for index, dialogue in enumerate(source.train[::stride]):
            for role, text in dialogue:
                yield text
                if role == "user" and index % 5 == 0:
                    yield text.lower()
    if settings.facts or settings.identity:
        rng = random.Random(settings.seed)
        for _ in range(min(10_000, round(FACT_DIALOGUES * pieces))):
            made = generate_dialogue(
                rng, fillers=identity_exchanges, max_gap=1, scope=settings.fact_scope
            )
            yield from (text for _, text in made.turns)
        # A value that is one piece is one thing to keep in mind; in three it is three, in order.
        # The held-out ones too: without them "James" would be the one name that has to be spelled,
        # and the exam would measure the tokenizer. Training still never tells them.
        often = min(600, round(VALUE_WEIGHT * pieces))
        for value in trained_values("core") + held_out_values("core"):
            yield f" {value} {value.lower()} {value.title()}" * often


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
    if start_from is not None and settings.pieces == "parent":
        tokenizer = Tokenizer.load(start_from / TOKENIZER_FILE)
    else:
        tokenizer = Tokenizer.train(_texts(sources, settings), settings.vocab_size)
    folder.mkdir(parents=True, exist_ok=True)
    # A name of its own: whoever else learns it at this moment learns the same.
    descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(tokenizer.to_json().encode())
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except OSError as error:
        Path(part).unlink(missing_ok=True)
        raise SaveError(
            "The tokenizer couldn't be written: {reason}.", reason=error.strerror
        ) from error
    sync(folder)
    return tokenizer


def _begin(
    model: LanguageModel,
    settings: TrainingSettings,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    parent: Checkpoint,
) -> None:
    """What a run that goes on from a checkpoint begins with."""
    take_over(model, tokenizer, parent)
    if settings.bank_units:
        # Marked by the parent's own pieces, which it hears.
        examples = Mixture(settings, sources, parent.tokenizer).examples(DIALOGUES)
        marked = [mark(parent.tokenizer, example) for example in examples]
        heard = observe(parent.model.eval(), marked)
        open_fact_banks(model, parent.model, heard, settings.bank_units)
    if settings.told_flags == "on":
        written = Mixture(settings, sources, tokenizer).examples(told_flags.DIALOGUES)
        noted = [told_flags.note(tokenizer, example) for example in written]
        listened = told_flags.listen(model.eval(), tokenizer, noted)
        told_flags.open_told_flags(model, tokenizer, listened)


def run(
    settings: TrainingSettings,
    sources: Sequence[Source],
    folder: Path,
    callbacks: Sequence[Callback] = (),
    *,
    resume: bool = False,
    name: str = "",
    data: Sequence[Mapping[str, Any]] = (),
    dtype: torch.dtype = torch.bfloat16,
    start_from: Path | None = None,
    fence: int = 0,
    group: Group = ALONE,
) -> RunResult:
    """Train in `folder` and publish a checkpoint there when all steps are done.

    `data` (name, licence, attribution … a corpus) goes into config.json. Weights are stored in
    bfloat16, so that what decodes in bfloat16 rounds nothing but its activations. `start_from` is
    the folder of a checkpoint of the same shape whose weights the first step begins with. `fence`
    is the number of whoever carries the run out: saves and checkpoint are under names of its own.

    Raises:
        TrainingError, SaveError: as `train`.
        CheckpointError: the folder holds a checkpoint already, or `start_from` none that is sound.
        TransferError: `start_from` is of another shape.
        BankError, FlagError: `bank_units` or `told_flags` without `start_from`, or that don't fit.
    """
    if settings.bank_units and start_from is None:
        raise BankError("bank_units needs a checkpoint to begin from.")
    if settings.told_flags == "on" and start_from is None:
        raise FlagError("told_flags needs a checkpoint to begin from.")
    # In a group rank 0 learns the tokenizer, and the others read what it has written.
    if group.rank:
        group.wait()
    tokenizer = run_tokenizer(settings, sources, folder, start_from)
    if not group.rank:
        group.wait()
    parent = None if start_from is None else load_checkpoint(start_from)
    begin = None
    # A save holds what a run began with, and more.
    if parent is not None and not (resume and newest_save(folder)):
        begin = partial(
            _begin, settings=settings, sources=sources, tokenizer=tokenizer, parent=parent
        )
    measured = _Evaluate(settings, sources, tokenizer, callbacks)
    result = train(
        settings,
        sources,
        tokenizer,
        folder,
        [*callbacks, measured],
        resume=resume,
        begin=begin,
        fence=fence,
        group=group,
    )
    if not result.finished or group.rank:
        return RunResult(result.step, result.tokens, False, None, "", result.last, measured.last)
    summary: dict[str, Any] = {
        "name": name,
        "training": {
            "settings": settings.to_dict(),
            "steps": result.step,
            "tokens": result.tokens,
            "loss": result.last.get("loss"),
            "validation_bits_per_byte": measured.last,
            "recall": measured.shares,
        },
        "data": [dict(entry) for entry in data],
    }
    if parent is not None:
        summary["training"]["parent"] = parent.sha256
    target = checkpoint_folder(folder, fence)
    try:
        sha256 = save_checkpoint(target, result.model, tokenizer, summary, dtype)
    except OSError as error:
        raise SaveError(
            "The checkpoint couldn't be written: {reason}.", reason=error.strerror
        ) from error
    return RunResult(result.step, result.tokens, True, target, sha256, result.last, measured.last)


def checkpoint_folder(folder: Path, fence: int = 0) -> Path:
    """Where the holder of this fence publishes the run's checkpoint."""
    return folder / (f"{CHECKPOINT_FOLDER}-{fence:06d}" if fence else CHECKPOINT_FOLDER)
