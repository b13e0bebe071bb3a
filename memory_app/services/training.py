"""What a worker does with a run that it has claimed: read, train, tell the row, publish."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from memory_app import registry
from memory_app.models import Corpus, TrainingRun
from memory_app.services.corpora import corpus_file
from memory_app.services.runs import Ending, Lease, LeaseLost, RunError, run_folder
from memory_app.training.dialogues import Source, read_dialogues
from memory_app.training.run import CHECKPOINT_FOLDER, Validation, Watcher, run
from memory_app.training.settings import TrainingSettings
from memory_app.training.trainer import Callback, Metrics

#: Steps between two rows of figures: a curve of a long run has some thousand points.
RECORD_EVERY = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a run came; `checkpoint` is the folder that it published if it reached its end."""

    step: int
    checkpoint: Path | None


class Recorder(Watcher):
    """Writes what the loop tells into the run's rows, and ends it when it should end."""

    def __init__(self, lease: Lease, ending: Ending) -> None:
        self._lease, self._ending = lease, ending

    def on_step(self, step: int, metrics: Metrics) -> bool:
        if self._lease.lost.is_set():
            raise LeaseLost
        if step % RECORD_EVERY == 0:
            if not self._lease.write(step=step, heartbeat=timezone.now()):
                raise LeaseLost
            self._lease.record(step, metrics)
        return self._ending() or self._lease.is_cancelled()

    def on_validation(self, step: int, bits_per_byte: Validation) -> None:
        named = {f"bits_per_byte/{name}": value for name, value in bits_per_byte.items()}
        self._lease.record(step, named)


def _rows(corpus: Corpus) -> list[list[tuple[str, str]]]:
    return [dialogue for dialogue in read_dialogues(corpus_file(corpus)) if len(dialogue) > 1]


def _sources(row: TrainingRun) -> tuple[list[Source], list[dict[str, Any]]]:
    """The run's corpora with their validation splits, and what config.json says of them."""
    corpora = {(corpus.name, corpus.split): corpus for corpus in Corpus.objects.all()}
    sources, data = [], []
    for name, weight in row.corpora:
        corpus, held_out = corpora.get((name, "train")), corpora.get((name, "valid"))
        if corpus is None:
            raise RunError(f"The corpus {name!r} is gone.")
        sources.append(Source(name, _rows(corpus), _rows(held_out) if held_out else [], weight))
        data.append(
            {
                "name": name,
                "licence": corpus.licence,
                "sha256": corpus.sha256,
                "rows": corpus.rows,
                "weight": weight,
            }
        )
    return sources, data


def carry_out(lease: Lease, callbacks: Sequence[Callback], ending: Ending) -> Outcome:
    """Train from the run's last save, if it has one, and publish the model at the end.

    Raises:
        LeaseLost: another worker has the run.
        RunError, TrainingError, SaveError: the run can't go on.
    """
    row = lease.run
    sources, data = _sources(row)
    folder = run_folder(row)
    # Left by a worker that was killed after its last step and before its row said so.
    shutil.rmtree(folder / CHECKPOINT_FOLDER, ignore_errors=True)
    result = run(
        TrainingSettings.from_dict(row.settings),
        sources,
        folder,
        # The recorder comes first: when the lease is lost, nobody else is told of the step.
        [Recorder(lease, ending), *callbacks],
        resume=True,
        name=row.name,
        data=data,
        start_from=registry.folder_of(row.parent.sha256) if row.parent else None,
    )
    return Outcome(result.step, result.checkpoint)
