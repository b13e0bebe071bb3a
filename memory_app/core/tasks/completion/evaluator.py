"""What every evaluation of a completion run measures, and the best weights so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.data.dialogues import Source
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.best_weights import BestWeights
from memory_app.core.tasks.completion.countdown import TEXTS, countdown_of
from memory_app.core.tasks.completion.figures import text_figures, written_form
from memory_app.core.tasks.completion.forms import forms_of
from memory_app.core.tasks.completion.texts import Text, examples, texts_of, valid_examples
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback, Interrupted, Watcher

#: Texts of a source that an evaluation reads, and that it writes for their form.
MOST_READ, MOST_WRITTEN = 200, 32
#: Form is written from texts of one form each; the published figures use so many.
PUBLISHED = 200


class CompletionEvaluator(Callback):
    """Measures the validation splits; keeps the weights of the best evaluation on disk."""

    def __init__(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None,
    ) -> None:
        marks, limit = settings.texts.line_marks == "lengths", settings.corpora.max_dialogue
        self._tokenizer = tokenizer
        self._rows = valid_examples(tokenizer, sources, marks=marks, limit=limit)
        self._forms = forms_of(text for source in sources for text in texts_of(source.train))
        # In a group of several only rank 0, which has the folder, publishes.
        self._fitted = []
        if folder is not None:
            every = [row for source in sources for row in source.train[: 2 * TEXTS]]
            self._fitted = examples(
                tokenizer, every[:: max(1, len(every) // TEXTS)], marks=marks, limit=limit
            )
        self._watchers = [watcher for watcher in watchers if isinstance(watcher, Watcher)]
        keeps = folder is not None and settings.labels.keep == "best"
        self._best = BestWeights(folder) if folder is not None and keeps else None
        self.last: dict[str, float] = {}
        self.shares: dict[str, float] = {}
        self.figures: dict[str, Any] = {}

    def as_callback(self) -> Callback:
        """Itself."""
        return self

    def _poll(self) -> None:
        if any(watcher.breaks_off() for watcher in self._watchers):
            raise Interrupted

    def on_start(self, settings: TrainingSettings, step: int) -> None:
        """A new run in this folder has no best weights yet."""
        if step == 0 and self._best is not None:
            self._best.discard()

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        # Rank 1 and above of a group have neither watchers nor a folder: they measure nothing.
        if not self._rows or not (self._watchers or self._best is not None):
            return
        curves: dict[str, float] = {}
        for name, rows in self._rows.items():
            figures = text_figures(model, self._tokenizer, rows[:MOST_READ], self._poll)
            curves[f"bits_per_character/{name}"] = figures["bits_per_character"]
        if self._best is not None:
            # Weights are chosen by bits alone: the form is measured on few lines.
            self._best.offer(model, step, [-sum(curves.values()) / len(curves)])
        if self._watchers:
            for name in self._rows:
                form = written_form(
                    model, self._tokenizer, self._texts(name, MOST_WRITTEN), self._forms, self._poll
                )
                if form:
                    curves[f"form/{name}"] = form["form"]
        for watcher in self._watchers:
            watcher.on_figures(step, curves)

    def _texts(self, name: str, most: int) -> list[Text]:
        """The first validation rows of a source whose prime has a form."""
        rows = [row.row for row in self._rows[name] if row.row.prime in self._forms]
        return rows[:most]

    def chosen(self, model: LanguageModel) -> LanguageModel:
        """The weights to publish, the best of the run where those are kept, with their figures.

        Beside the figures of each source: `forms`, the lengths of lines by prime (forms.py), and
        `countdown` (countdown.py).
        """
        if self._best is not None:
            self._best.load_into(model)
        model.eval()
        for name, rows in self._rows.items():
            figures = text_figures(model, self._tokenizer, rows)
            texts = self._texts(name, PUBLISHED)
            figures |= written_form(model, self._tokenizer, texts, self._forms)
            self.figures[name] = figures
        if self._forms:
            self.figures["forms"] = self._forms
        tested = [row for rows in self._rows.values() for row in rows]
        countdown = countdown_of(model, self._tokenizer, self._fitted, tested)
        if countdown is not None:
            self.figures["countdown"] = countdown.to_dict()
        return model
