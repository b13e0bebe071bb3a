"""What every evaluation of a speech run measures: word error rates on voices it never hears."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.measuring import Measuring
from memory_app.core.tasks.speech.cast import cast_of
from memory_app.core.tasks.speech.figures import word_error_rate
from memory_app.core.tasks.speech.held_out import held_out_utterances, is_held_out
from memory_app.core.tasks.speech.reading import words_heard
from memory_app.core.training.callbacks import Callback

#: The name of the held-out voices in curves.
SOURCE = "voices"


class SpeechEvaluator(Measuring):
    """Measures the held-out voices; keeps the weights of the best evaluation on disk."""

    def __init__(
        self, settings: TrainingSettings, watchers: Sequence[Callback], folder: Path | None
    ) -> None:
        super().__init__(settings, watchers, folder)
        # Kept for the batches of the same run.
        self._cast = cast_of(settings, folder, self.poll)
        held_out = [one for one in self._cast.speakers if is_held_out(one)]
        self._said = held_out_utterances(held_out)

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        if not self._said or not self.measures:
            return
        rate = self._rate(model)
        self.offer(model, step, [-rate])
        for watcher in self.watchers:
            watcher.on_figures(step, {f"wer/{SOURCE}": rate})

    def measure(self, model: LanguageModel) -> dict[str, Any]:
        return {"wer": self._rate(model), "utterances": len(self._said)} if self._said else {}

    def _rate(self, model: LanguageModel) -> float:
        heard = words_heard(model, [one.frames for one in self._said], self.poll)
        return word_error_rate([one.words for one in self._said], heard)
