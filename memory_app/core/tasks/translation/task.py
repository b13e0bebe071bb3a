"""The task: rows are a sentence in English and in Chinese; one model translates both ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.config import TRANSLATION_TASK
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.base import Task
from memory_app.core.tasks.per_source import per_source
from memory_app.core.tasks.translation.batches import Epochs
from memory_app.core.tasks.translation.evaluator import TranslationEvaluator
from memory_app.core.tasks.translation.figures import figures_of, translated
from memory_app.core.tasks.translation.texts import valid_examples
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

#: Tokens of a pair that an evaluation reads.
PAIR_TOKENS = 512


class Translation(Task):
    """The state after the source is all that the target is written from; or attention helps."""

    name = TRANSLATION_TASK

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
    ) -> TranslationEvaluator:
        return TranslationEvaluator(settings, sources, tokenizer, watchers, folder)

    def metrics(self, checkpoint: Checkpoint, sources: Sequence[Source]) -> dict[str, Any]:
        """`figures_of` of all pairs together, and under `per_source` of each source.

        Empty where no row is a pair.
        """
        model, tokenizer = checkpoint.model, checkpoint.tokenizer
        rows = valid_examples(tokenizer, sources, PAIR_TOKENS)
        every = [row for own in rows.values() for row in own]
        outputs = translated(model, tokenizer, every)
        return per_source(rows, lambda own, part: figures_of(own, outputs[part]))


TRANSLATION = Translation()
