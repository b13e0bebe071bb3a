"""The task: rows are a text and its label, two turns of a dialogue in a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.base import Task
from memory_app.core.tasks.per_source import per_source
from memory_app.core.tasks.sentiment.batches import Epochs
from memory_app.core.tasks.sentiment.evaluator import SentimentEvaluator
from memory_app.core.tasks.sentiment.figures import binary_figures
from memory_app.core.tasks.sentiment.scores import final_states
from memory_app.core.tasks.sentiment.texts import valid_examples
from memory_app.core.tasks.sentiment.units import SentimentUnit
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

#: Tokens of a text that an evaluation reads.
TEXT_TOKENS = 256


class Sentiment(Task):
    """A score after every token; trained on all of them, measured after the last."""

    name = "sentiment"

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
    ) -> SentimentEvaluator:
        return SentimentEvaluator(settings, sources, tokenizer, watchers, folder)

    def metrics(self, checkpoint: Checkpoint, sources: Sequence[Source]) -> dict[str, Any]:
        """`binary_figures` of all rows together, and under `per_source` of each source.

        `unit_accuracy`: that of the strongest unit alone, as the checkpoint names it. Empty where
        no row has a label.
        """
        model, tokenizer = checkpoint.model, checkpoint.tokenizer
        rows = valid_examples(tokenizer, sources, TEXT_TOKENS)
        if not rows:
            return {}
        every = [row for own in rows.values() for row in own]
        logits, hidden = final_states(model, [row.ids.tolist() for row in every])
        labels = torch.tensor([row.label for row in every])
        figures = per_source(rows, lambda _, part: binary_figures(logits[part], labels[part]))
        unit = SentimentUnit.from_dict(
            unit_in(checkpoint.config), model.config.num_layers, hidden.shape[1]
        )
        if unit is not None:
            figures["unit_accuracy"] = unit.share_right(hidden, labels)
        return figures


def unit_in(config: dict[str, Any]) -> Any:
    """What a checkpoint's config.json names as its strongest unit; it may be anything."""
    training = config.get("training")
    figures = training.get("validation") if isinstance(training, dict) else None
    return figures.get("unit") if isinstance(figures, dict) else None


SENTIMENT = Sentiment()
