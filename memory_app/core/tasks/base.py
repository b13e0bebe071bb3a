"""The task protocol: what a model is trained for, how it is measured and served."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback
from memory_app.core.training.run import Evaluating
from memory_app.core.training.trainer import Batches


class Task(ABC):
    """Examples come as the rows of corpora (`Source`); a task says what of them is read and counts.

    A new task is a file beside this one and a line in `tasks/__init__.py`.
    """

    #: As config.json names it; a checkpoint without a task is a chat's.
    name: ClassVar[str]
    #: Whether checkpoints of this task answer chats.
    serves_chats: ClassVar[bool] = False
    #: Whether it is measured on rows of corpora; else it makes what it needs, or takes other files.
    measures_rows: ClassVar[bool] = True

    @abstractmethod
    def batches(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> Batches:
        """What the model reads: ids, and the loss weight of each.

        Raises:
            TrainingError: there is nothing to train on.
        """

    @abstractmethod
    def evaluator(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None = None,
    ) -> Evaluating:
        """What is measured at every evaluation of a run, and told to the watchers.

        `folder` is the run's own, for what has to outlive its process.
        """

    @abstractmethod
    def metrics(self, checkpoint: Checkpoint, sources: Sequence[Source]) -> dict[str, Any]:
        """Figures of a trained model on the validation rows, by name; may be nested."""

    def file_metrics(self, checkpoint: Checkpoint, path: Path) -> dict[str, Any] | None:
        """Figures on data that isn't rows of text; None: this task reads none."""
        return None
