"""What every evaluation of a completion run measures, and the best weights so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.data.dialogues import Source
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.completion.countdown import TEXTS, countdown_of
from memory_app.core.tasks.completion.figures import text_figures, written_form
from memory_app.core.tasks.completion.forms import forms_of
from memory_app.core.tasks.completion.texts import Text, examples, texts_of, valid_examples
from memory_app.core.tasks.measuring import Measuring
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

#: Texts of a source that an evaluation reads, and that it writes for their form.
MOST_READ, MOST_WRITTEN = 200, 32
#: Form is written from texts of one form each; the published figures use so many.
PUBLISHED = 200


class CompletionEvaluator(Measuring):
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

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        if not self._rows or not self.measures:
            return
        curves: dict[str, float] = {}
        for name, rows in self._rows.items():
            figures = text_figures(model, self._tokenizer, rows[:MOST_READ], self.poll)
            curves[f"bits_per_character/{name}"] = figures["bits_per_character"]
        # Weights are chosen by bits alone: the form is measured on few lines.
        self.offer(model, step, [-sum(curves.values()) / len(curves)])
        if self.watchers:
            for name in self._rows:
                form = written_form(
                    model, self._tokenizer, self._texts(name, MOST_WRITTEN), self._forms, self.poll
                )
                if form:
                    curves[f"form/{name}"] = form["form"]
        for watcher in self.watchers:
            watcher.on_figures(step, curves)

    def _texts(self, name: str, most: int) -> list[Text]:
        """The first validation rows of a source whose prime has a form."""
        rows = [row.row for row in self._rows[name] if row.row.prime in self._forms]
        return rows[:most]

    def measure(self, model: LanguageModel) -> dict[str, Any]:
        """Beside the figures of each source: `forms`, the lengths of lines by prime (forms.py), and
        `countdown` (countdown.py).
        """
        found: dict[str, Any] = {}
        for name, rows in self._rows.items():
            figures = text_figures(model, self._tokenizer, rows)
            texts = self._texts(name, PUBLISHED)
            found[name] = figures | written_form(model, self._tokenizer, texts, self._forms)
        if self._forms:
            found["forms"] = self._forms
        tested = [row for rows in self._rows.values() for row in rows]
        countdown = countdown_of(model, self._tokenizer, self._fitted, tested)
        if countdown is not None:
            found["countdown"] = countdown.to_dict()
        return found
