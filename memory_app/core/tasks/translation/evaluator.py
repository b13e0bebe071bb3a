"""What every evaluation of a translation run measures, and the best weights so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.data.dialogues import Source
from memory_app.core.evaluation.progress_exam import Exchange
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.measuring import Measuring
from memory_app.core.tasks.translation.figures import figures_of, translated
from memory_app.core.tasks.translation.texts import Example, valid_examples
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

#: Translations of a source's pairs at an evaluation, and those that are shown.
MOST_READ, MOST_SHOWN = 200, 4


class TranslationEvaluator(Measuring):
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
        limit = min(settings.corpora.max_dialogue, settings.optimisation.window)
        self._tokenizer = tokenizer
        self._rows = {
            name: _spread(rows, MOST_READ)
            for name, rows in valid_examples(tokenizer, sources, limit).items()
        }

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        if not self._rows or not self.measures:
            return
        curves: dict[str, float] = {}
        exchanges: list[Exchange] = []
        for name, rows in self._rows.items():
            outputs = translated(model, self._tokenizer, rows, beam=1, poll=self.poll)
            figures = figures_of(rows, outputs)
            curves |= {f"{key}/{name}": figures[key] for key in ("chrf", "bleu")}
            shown = list(zip(rows, outputs, strict=True))[:: max(1, len(rows) // MOST_SHOWN)]
            # An early model says any byte; not every database keeps the one that is zero.
            exchanges += [
                {
                    "prompt": row.pair.source(row.direction),
                    "reply": output.replace("\0", "\ufffd"),
                }
                for row, output in shown
            ]
        chrf = [value for name, value in curves.items() if name.startswith("chrf/")]
        self.offer(model, step, [sum(chrf) / len(chrf)])
        for watcher in self.watchers:
            watcher.on_figures(step, curves)
            watcher.on_samples(step, exchanges[: 2 * MOST_SHOWN])

    def measure(self, model: LanguageModel) -> dict[str, Any]:
        """`figures_of` of each source."""
        return {
            name: figures_of(rows, translated(model, self._tokenizer, rows))
            for name, rows in self._rows.items()
        }


def _spread(rows: Sequence[Example], most: int) -> list[Example]:
    """At most so many rows, evenly from both directions."""
    return list(rows[:: -(-len(rows) // most)])
