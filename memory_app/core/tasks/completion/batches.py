"""What a run reads: texts behind their primes."""

from __future__ import annotations

from collections.abc import Sequence

from memory_app.core.data.dialogues import Source
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks import epochs
from memory_app.core.tasks.completion.texts import examples
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.trainer import TrainingError


class Epochs(epochs.Epochs):
    """Every text once an epoch, or as often as its corpus's weight says."""

    def __init__(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> None:
        marks, limit = settings.texts.line_marks == "lengths", settings.corpora.max_dialogue
        encoded = [
            (
                [row.encoded() for row in examples(tokenizer, s.train, marks=marks, limit=limit)],
                s.weight,
            )
            for s in sources
        ]
        if not any(rows for rows, _ in encoded):
            raise TrainingError(
                "These corpora have no plain text. A row is a text, or its prime and it."
            )
        super().__init__(settings, encoded, "plain")
