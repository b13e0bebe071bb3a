"""The task: rows are texts, each alone or behind its prime; the model writes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.config import COMPLETION_TASK
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.base import Task
from memory_app.core.tasks.completion.batches import Epochs
from memory_app.core.tasks.completion.countdown import Countdown
from memory_app.core.tasks.completion.evaluator import CompletionEvaluator
from memory_app.core.tasks.completion.figures import per_character, written_form
from memory_app.core.tasks.completion.forms import forms_in
from memory_app.core.tasks.completion.scores import text_bits
from memory_app.core.tasks.completion.texts import characters_of, valid_examples
from memory_app.core.tasks.per_source import per_source
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

#: Tokens of a text that an evaluation reads.
TEXT_TOKENS = 4096


class Completion(Task):
    """A language model of plain texts, in pieces, characters or bytes."""

    name = COMPLETION_TASK

    def batches(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> Epochs:
        return Epochs(settings, sources, tokenizer)

    def evaluator(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None = None,
    ) -> CompletionEvaluator:
        return CompletionEvaluator(settings, sources, tokenizer, watchers, folder)

    def metrics(self, checkpoint: Checkpoint, sources: Sequence[Source]) -> dict[str, Any]:
        """`per_character` of all rows together, `form_figures` of what is written for their primes.

        And under `per_source` the bits of each source. Empty where no row is a text.
        """
        model, tokenizer = checkpoint.model, checkpoint.tokenizer
        rows = valid_examples(
            tokenizer, sources, marks=marks_in(checkpoint.config), limit=TEXT_TOKENS
        )
        if not rows:
            return {}
        every = [row for own in rows.values() for row in own]
        bits = text_bits(model, every)
        counts = torch.tensor([characters_of(tokenizer, row) for row in every])
        figures = per_source(rows, lambda _, part: per_character(bits[part], counts[part]))
        texts = [row.row for row in every]
        return figures | written_form(model, tokenizer, texts, forms_in(checkpoint.config))


def _training(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    training = config.get("training")
    found = training.get(key) if isinstance(training, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def marks_in(config: Mapping[str, Any]) -> bool:
    """Whether a checkpoint writes a mark before each line; its config.json may be anything."""
    return bool(_training(config, "settings").get("line_marks") == "lengths")


def countdown_in(config: Mapping[str, Any], units: int) -> Countdown | None:
    """How a checkpoint's count is read from its last layer, as its config.json says."""
    return Countdown.from_dict(_training(config, "validation").get("countdown"), units)


COMPLETION = Completion()
