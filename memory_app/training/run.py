"""One whole run: tokenizer, training, checkpoint folder. The same for a command and a task."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from memory_app.lm.checkpoint import TOKENIZER_FILE, load_checkpoint, save_checkpoint
from memory_app.lm.model import LanguageModel
from memory_app.lm.tokenizer import Tokenizer
from memory_app.training.dialogues import Source
from memory_app.training.facts import generate_dialogue, held_out_values, trained_values
from memory_app.training.facts.identity import identity_exchanges
from memory_app.training.perplexity import evaluate_perplexity
from memory_app.training.settings import TrainingSettings
from memory_app.training.trainer import Callback, Metrics, train
from memory_app.training.transfer import take_over

CHECKPOINT_FOLDER = "checkpoint"
FACT_DIALOGUES_FOR_TOKENIZER = 10_000
VALUE_WEIGHT = 600
# A validation that took longer than the training between two of them would be no help.
VALIDATION_DIALOGUES = 60

Validation = Mapping[str, float]


class Watcher(Callback):
    """A callback that is also told bits per byte of each source at every evaluation."""

    def on_validation(self, step: int, bits_per_byte: Validation) -> None:
        """After each evaluation on the sources' validation dialogues."""


class _Validate(Callback):
    def __init__(
        self, sources: Sequence[Source], tokenizer: Tokenizer, watchers: Sequence[Callback]
    ) -> None:
        self._valid = {s.name: list(s.valid[:VALIDATION_DIALOGUES]) for s in sources if s.valid}
        self._tokenizer = tokenizer
        self._watchers = [watcher for watcher in watchers if isinstance(watcher, Watcher)]
        self.last: dict[str, float] = {}

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        if not self._valid:
            return
        figures = evaluate_perplexity(model, self._tokenizer, self._valid)
        self.last = {
            name: source["bits_per_byte"]
            for name, source in figures["per_source"].items()
            if source["bits_per_byte"] is not None
        }
        for watcher in self._watchers:
            watcher.on_validation(step, self.last)


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
    """What the pieces are learned from: every corpus, typed both ways, and the facts' words."""
    for source in sources:
        for index, dialogue in enumerate(source.train):
            for role, text in dialogue:
                yield text
                if role == "user" and index % 5 == 0:
                    yield text.lower()
    if settings.facts or settings.identity:
        rng = random.Random(settings.seed)
        for _ in range(FACT_DIALOGUES_FOR_TOKENIZER):
            made = generate_dialogue(
                rng, fillers=identity_exchanges, max_gap=1, scope=settings.fact_scope
            )
            yield from (text for _, text in made.turns)
        # A value that is one piece is one thing to keep in mind; in three it is three, in order.
        # The held-out ones too: without them "James" would be the one name that has to be spelled,
        # and the exam would measure the tokenizer. Training still never tells them.
        for value in trained_values("core") + held_out_values("core"):
            yield f" {value} {value.lower()} {value.title()}" * VALUE_WEIGHT


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
    part = path.with_suffix(".part")
    part.write_text(tokenizer.to_json(), "utf-8")
    os.replace(part, path)
    return tokenizer


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
) -> RunResult:
    """Train in `folder` and publish `folder/checkpoint` when all steps are done.

    `data` (name, licence, attribution … a corpus) goes into config.json. Weights are stored in
    bfloat16, so that what decodes in bfloat16 rounds nothing but its activations. `start_from` is
    the folder of a checkpoint of the same shape whose weights the first step begins with.

    Raises:
        TrainingError, SaveError: as `train`.
        CheckpointError: the folder holds a checkpoint already, or `start_from` none that is sound.
        TransferError: `start_from` is of another shape.
    """
    tokenizer = run_tokenizer(settings, sources, folder, start_from)
    parent = None if start_from is None else load_checkpoint(start_from)
    validate = _Validate(sources, tokenizer, callbacks)
    result = train(
        settings,
        sources,
        tokenizer,
        folder,
        [*callbacks, validate],
        resume=resume,
        begin=None if parent is None else lambda model: take_over(model, tokenizer, parent),
    )
    if not result.finished:
        return RunResult(result.step, result.tokens, False, None, "", result.last, validate.last)
    summary: dict[str, Any] = {
        "name": name,
        "training": {
            "settings": settings.to_dict(),
            "steps": result.step,
            "tokens": result.tokens,
            "loss": result.last.get("loss"),
            "validation_bits_per_byte": validate.last,
        },
        "data": [dict(entry) for entry in data],
    }
    if parent is not None:
        summary["training"]["parent"] = parent.sha256
    target = folder / CHECKPOINT_FOLDER
    sha256 = save_checkpoint(target, result.model, tokenizer, summary, dtype)
    return RunResult(result.step, result.tokens, True, target, sha256, result.last, validate.last)
