"""One whole run of any task: tokenizer, first model, training, checkpoint folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch

from memory_app.core.data.batching import Mixture
from memory_app.core.data.dialogues import Source
from memory_app.core.initialisation import topic_flags
from memory_app.core.initialisation.cooccurrence import place_cooccurrence
from memory_app.core.initialisation.fact_memory import (
    DIALOGUES,
    BankError,
    mark,
    observe,
    open_fact_banks,
)
from memory_app.core.initialisation.from_checkpoint import take_over
from memory_app.core.initialisation.initial_model import initial_model
from memory_app.core.initialisation.topic_flags import FlagError
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback, Metrics
from memory_app.core.training.distributed import ALONE, Group
from memory_app.core.training.resume_file import SaveError, newest_save, saved_parked
from memory_app.core.training.run_tokenizer import run_tokenizer
from memory_app.core.training.trainer import Batches, TrainingResult, train

CHECKPOINT_FOLDER = "checkpoint"


class Measured(Protocol):
    """What a task measures at each evaluation of a run, as the last one found it."""

    #: Bits per byte of each validated source.
    last: dict[str, float]
    #: Shares of right answers, by the task's own names.
    shares: dict[str, float]
    #: The task's own figures of the published weights, as config.json has them.
    figures: dict[str, Any]


class Evaluating(Measured, Protocol):
    """`Measured` as a callback of the run."""

    def as_callback(self) -> Callback: ...

    def chosen(self, model: LanguageModel) -> LanguageModel:
        """The model to publish at the end of the run: this one, or with the best weights so far."""
        ...


class Task(Protocol):
    """What a run asks of its task; core/tasks has the tasks."""

    @property
    def name(self) -> str:
        """As config.json names it."""
        ...

    def batches(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> Batches:
        """What the model reads, and which tokens count how much.

        Raises:
            TrainingError: there is nothing to train on.
        """
        ...

    def evaluator(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None = None,
    ) -> Evaluating:
        """What is measured at every evaluation, and told to the watchers; `folder` is the run's."""
        ...


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


def _begin(
    model: LanguageModel,
    settings: TrainingSettings,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    parent: Checkpoint,
) -> None:
    """What a run that goes on from a checkpoint begins with."""
    take_over(model, tokenizer, parent)
    if settings.initialisation.bank_units:
        # Marked by the parent's own pieces, which it hears.
        examples = Mixture(settings, sources, parent.tokenizer).examples(DIALOGUES)
        marked = [mark(parent.tokenizer, example) for example in examples]
        heard = observe(parent.model.eval(), marked)
        open_fact_banks(model, parent.model, heard, settings.initialisation.bank_units)
    if settings.initialisation.told_flags == "on":
        written = Mixture(settings, sources, tokenizer).examples(topic_flags.DIALOGUES)
        noted = [topic_flags.note(tokenizer, example) for example in written]
        listened = topic_flags.listen(model.eval(), tokenizer, noted)
        topic_flags.open_told_flags(model, tokenizer, listened)


def _frequencies(batches: Batches, vocab_size: int) -> torch.Tensor:
    """How often each token comes in what is read first, [vocab]; one that doesn't counts half."""
    counts = torch.full((vocab_size,), 0.5)
    for batch in batches.pool(0, 1.0):
        # Zeros behind a row's end are no tokens; no row ends in a token whose id is 0.
        inside = batch.ids.flip(1).cumsum(1).flip(1) > 0
        counts += batch.ids[inside].bincount(minlength=vocab_size)
    return counts


def train_from_sources(
    task: Task,
    settings: TrainingSettings,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    folder: Path,
    callbacks: Sequence[Callback] = (),
    *,
    resume: bool = False,
    begin: Callable[[LanguageModel], None] | None = None,
    addressed: bool = False,
    fence: int = 0,
    group: Group = ALONE,
) -> TrainingResult:
    """`train` of a task's first model on its batches.

    `addressed`: what `begin` puts into the model has learned its addresses already.

    Raises:
        TrainingError, SaveError: as `train`.
    """
    batches = task.batches(settings, sources, tokenizer)
    # A save knows which rows were drawn anew, and their weights: nothing is counted twice.
    parked = saved_parked(folder) if resume and settings.initialisation.redraw_below else None
    model, parked = initial_model(
        settings,
        sources,
        tokenizer,
        group.device(settings.execution.device),
        begin=begin,
        # A save holds the addresses; a run that was ended before its first one begins anew.
        frequencies=(
            None
            if addressed or (resume and newest_save(folder))
            else partial(_frequencies, batches, tokenizer.vocab_size)
        ),
        parked=parked,
    )
    return train(
        settings, model, batches, folder, callbacks,
        parked=parked, resume=resume, fence=fence, group=group,
    )  # fmt: skip


def run(
    task: Task,
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
    is the number of the lease that it runs under: saves and checkpoint have names of their own.

    Raises:
        TrainingError, SaveError: as `train`.
        CheckpointError: the folder holds a checkpoint already, or `start_from` none that is sound.
        TransferError: `start_from` is of another shape.
        BankError, FlagError: `bank_units` or `told_flags` without `start_from`, or that don't fit.
    """
    if settings.initialisation.bank_units and start_from is None:
        raise BankError("bank_units requires a checkpoint to start from.")
    if settings.initialisation.told_flags == "on" and start_from is None:
        raise FlagError("told_flags requires a checkpoint to start from.")
    # In a group rank 0 learns the tokenizer, and the others read what it has written.
    if group.rank:
        group.wait()
    tokenizer = run_tokenizer(settings, sources, folder, start_from)
    if not group.rank:
        group.wait()
    parent = None if start_from is None else load_checkpoint(start_from)
    begin: Callable[[LanguageModel], None] | None = None
    # A save holds what a run began with, and more.
    if not (resume and newest_save(folder)):
        if parent is not None:
            begin = partial(
                _begin, settings=settings, sources=sources, tokenizer=tokenizer, parent=parent
            )
        elif settings.initialisation.embeddings == "cooccurrence":
            begin = partial(
                place_cooccurrence, settings=settings, sources=sources, tokenizer=tokenizer
            )
    own_folder = None if group.rank else folder
    measured = task.evaluator(settings, sources, tokenizer, callbacks, own_folder)
    result = train_from_sources(
        task,
        settings,
        sources,
        tokenizer,
        folder,
        [*callbacks, measured.as_callback()],
        resume=resume,
        begin=begin,
        addressed=parent is not None and parent.model.config.cell == settings.model.cell,
        fence=fence,
        group=group,
    )
    if not result.finished or group.rank:
        return RunResult(result.step, result.tokens, False, None, "", result.last, measured.last)
    published = measured.chosen(result.model)
    summary: dict[str, Any] = {
        "name": name,
        "task": task.name,
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
    if measured.figures:
        summary["training"]["validation"] = measured.figures
    if parent is not None:
        summary["training"]["parent"] = parent.sha256
    target = checkpoint_folder(folder, fence)
    try:
        sha256 = save_checkpoint(target, published, tokenizer, summary, dtype)
    except OSError as error:
        raise SaveError(
            "The checkpoint couldn't be written: {reason}.", reason=error.strerror
        ) from error
    return RunResult(result.step, result.tokens, True, target, sha256, result.last, measured.last)


def checkpoint_folder(folder: Path, fence: int = 0) -> Path:
    """Where the holder of this fence publishes the run's checkpoint."""
    return folder / (f"{CHECKPOINT_FOLDER}-{fence:06d}" if fence else CHECKPOINT_FOLDER)
