"""What every evaluation of a sentiment run measures, and the best weights so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.measuring import Measuring
from memory_app.core.tasks.sentiment.few_units import few_units
from memory_app.core.tasks.sentiment.figures import binary_figures
from memory_app.core.tasks.sentiment.scores import final_states
from memory_app.core.tasks.sentiment.texts import Example, examples, valid_examples
from memory_app.core.tasks.sentiment.units import strongest_unit
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

#: Figures of each source that become curves, with the curve's name.
CURVES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall_of_positive",  # "recall/" is that of stated facts
    "f1": "f1",
    "cross_entropy": "cross_entropy",
}


class SentimentEvaluator(Measuring):
    """Measures the validation splits; keeps the weights of the best evaluation on disk."""

    def __init__(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None,
    ) -> None:
        super().__init__(settings, watchers, folder)
        self._rows = valid_examples(tokenizer, sources, settings.labels.text_tokens)
        # In a group of several only rank 0, which has the folder, publishes. The head is fitted for
        # the corpora that are validated: what it reads of others is no concern of theirs.
        self._train: list[Example] = []
        if folder is not None and settings.labels.score_units == "few":
            for source in (source for source in sources if source.valid):
                self._train += examples(tokenizer, source.train, settings.labels.text_tokens)

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        if not self._rows or not self.measures:
            return
        figures = self._measure(model)
        curves = {
            f"{curve}/{source}": one[name]
            for source, one in figures.items()
            for name, curve in CURVES.items()
        }
        self.offer(model, step, figures_score(figures))
        for watcher in self.watchers:
            watcher.on_figures(step, curves)

    def _measure(self, model: LanguageModel) -> dict[str, Any]:
        figures = {}
        for name, rows in self._rows.items():
            logits, _ = final_states(model, [row.ids.tolist() for row in rows], self.poll)
            figures[name] = binary_figures(logits, torch.tensor([row.label for row in rows]))
        return figures

    def measure(self, model: LanguageModel) -> dict[str, Any]:
        """The figures of each source, and the strongest unit; refits the head where asked to."""
        rows = [row for own in self._rows.values() for row in own]
        if len(rows) < 2:
            return {}
        hidden, labels = _states(model, rows)
        if self._train:
            head = few_units(*_states(model, self._train), hidden, labels)
            with torch.no_grad():
                model.head.weight.copy_(head.weight)
                model.head.bias.fill_(head.bias)
        figures = self._measure(model)
        read = (model.head.weight[0] != 0).cpu()
        figures["units_read"] = int(read.sum())
        unit = strongest_unit(hidden * read, labels, model.config.num_layers - 1)
        figures["unit"] = unit.to_dict()
        return figures


def _states(model: LanguageModel, rows: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """(h after each text [N, units], labels [N])."""
    _, hidden = final_states(model, [row.ids.tolist() for row in rows])
    return hidden, torch.tensor([row.label for row in rows])


def figures_score(figures: dict[str, Any]) -> tuple[float, float]:
    """What "best" compares: the sources' mean accuracy; of equal ones the lower cross-entropy."""
    n = len(figures)
    return (
        sum(one["accuracy"] for one in figures.values()) / n,
        -sum(one["cross_entropy"] for one in figures.values()) / n,
    )
