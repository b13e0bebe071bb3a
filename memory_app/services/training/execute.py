"""A worker's part of a claimed run: read, train, report to the row, publish."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from memory_app import registry
from memory_app.core.atomic_files import remove_folder
from memory_app.core.data.dialogues import Source, read_dialogues
from memory_app.core.evaluation.model_card import write_card
from memory_app.core.evaluation.progress_exam import Exchange
from memory_app.core.messages import quoted
from memory_app.core.number_text import figure_text, measure_text
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks import task_named
from memory_app.core.training.callbacks import Callback, Metrics, Validation, Watcher
from memory_app.core.training.distributed import ALONE, Group
from memory_app.core.training.run import CHECKPOINT_FOLDER, run
from memory_app.models import Checkpoint, Corpus, RunSample, RunStatus, TrainingRun
from memory_app.services.training.corpus_files import corpus_file
from memory_app.services.training.leases import Ending, Lease, LeaseLost, patiently
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_folder import run_folder, run_folder_clear
from memory_app.services.training.run_log import run_log_write

#: Steps between two rows of figures: a curve of a long run has some thousand points.
RECORD_EVERY = 10
#: Steps between two lines of the log; of those that are recorded.
LOG_EVERY = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a run came; `checkpoint` is the folder that it published if it reached its end."""

    step: int
    checkpoint: Path | None


class Recorder(Watcher):
    """Writes the loop's reports into the run's rows, and ends the loop on request."""

    def __init__(self, lease: Lease, ending: Ending) -> None:
        self._lease, self._ending = lease, ending
        self._last_step, self._last_at = 0, time.monotonic()

    def say(self, text: str) -> None:
        """One line of the run's log."""
        run_log_write(run=self._lease.run, fence=self._lease.fence, text=text)

    def _seconds(self) -> float:
        """Since the run was first claimed, pauses included, by the wall clock."""
        began = self._lease.run.started
        return (timezone.now() - began).total_seconds() if began else 0.0

    def on_start(self, settings: TrainingSettings, step: int) -> None:
        self._last_step, self._last_at = step, time.monotonic()
        self.say(f"training from step {step} of {settings.optimisation.steps}")
        self._lease.forget_after(step)
        self._write(step=step)

    def on_step(self, step: int, metrics: Metrics) -> bool:
        # The first step too, so that a curve begins when the run does.
        if step % RECORD_EVERY == 0 or step == 1:
            now = time.monotonic()
            rate = (step - self._last_step) / max(now - self._last_at, 1e-9)
            self._last_step, self._last_at = step, now
            figures = {**metrics, "steps_per_second": rate, "seconds": self._seconds()}
            self._lease.record(step, figures)
            self._write(step=step)
            if step % LOG_EVERY == 0 or step == 1:
                logged = ("loss", "gradient_norm", "learning_rate", "tokens_per_second")
                line = ", ".join(
                    f"{key} {_logged(key, metrics)}" for key in logged if key in metrics
                )
                self.say(f"step {step}: {line}")
        return self.breaks_off()

    def on_save(self, step: int) -> None:
        self._write(step=step, saved=step, deaths=0)
        self.say(f"saved at step {step}")

    def on_validation(self, step: int, bits_per_byte: Validation) -> None:
        named = {f"bits_per_byte/{name}": value for name, value in bits_per_byte.items()}
        self._lease.record(step, named)
        figures = ", ".join(
            f"{name} {measure_text(value)}" for name, value in bits_per_byte.items()
        )
        self.say(f"validation at step {step}, bits per byte: {figures}")

    def on_recall(self, step: int, shares: Mapping[str, float]) -> None:
        self._lease.record(step, {f"recall/{name}": share for name, share in shares.items()})
        figures = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
        self.say(f"recall at step {step}: {figures}")

    def on_figures(self, step: int, figures: Mapping[str, float]) -> None:
        self._lease.record(step, dict(figures))
        shown = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        self.say(f"validation at step {step}: {shown}")

    def on_samples(self, step: int, exchanges: Sequence[Exchange]) -> None:
        row = RunSample(run=self._lease.run, step=step, exchanges=list(exchanges))

        def keep() -> None:
            with transaction.atomic():
                if not self._lease.write(heartbeat=timezone.now()):
                    raise LeaseLost
                RunSample.objects.bulk_create([row], ignore_conflicts=True)

        patiently(keep)

    def breaks_off(self) -> bool:
        if self._lease.lost.is_set():
            raise LeaseLost
        return self._lease.asked.is_set() or self._ending()

    def _write(self, **fields: Any) -> None:
        if not patiently(lambda: self._lease.write(**fields, heartbeat=timezone.now())):
            raise LeaseLost


def _logged(key: str, metrics: Metrics) -> str:
    """A figure of a step, with the same decimals on each line."""
    write = measure_text if key in ("loss", "gradient_norm") else figure_text
    return write(metrics[key])


def _rows(corpus: Corpus) -> list[list[tuple[str, str]]]:
    """The dialogues of a corpus that contain a reply.

    Raises:
        RunError: the file is missing, or differs from what was imported.
    """
    file = corpus_file(corpus)
    try:
        with file.open("rb") as data:
            if hashlib.file_digest(data, "sha256").hexdigest() != corpus.sha256:
                raise RunError(
                    "The file of the corpus {name} has changed since its import.",
                    name=quoted(corpus.name),
                )
        return [dialogue for dialogue in read_dialogues(file) if len(dialogue) > 1]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        if isinstance(fault, RunError):
            raise
        raise RunError(
            "The file of the corpus {name} can't be read.", name=quoted(corpus.name)
        ) from fault


def read_sources(row: TrainingRun) -> tuple[list[Source], list[dict[str, Any]]]:
    """The run's corpora with their validation splits, and their part of config.json.

    Raises:
        RunError: a corpus is missing, damaged, or has no reply to learn from.
    """
    corpora = {(corpus.name, corpus.split): corpus for corpus in Corpus.objects.all()}
    sources, data = [], []
    for name, weight in row.corpora:
        corpus, held_out = corpora.get((name, "train")), corpora.get((name, "valid"))
        if corpus is None:
            raise RunError("The corpus {name} no longer exists.", name=quoted(name))
        dialogues = _rows(corpus)
        if not dialogues:
            raise RunError("The corpus {name} contains no reply to train on.", name=quoted(name))
        sources.append(Source(name, dialogues, _rows(held_out) if held_out else [], weight))
        data.append(
            {
                "name": name,
                "licence": corpus.licence,
                "attribution": corpus.attribution,
                "sha256": corpus.sha256,
                "rows": corpus.rows,
                "weight": weight,
            }
        )
    return sources, data


def carry_out(
    lease: Lease, callbacks: Sequence[Callback], ending: Ending, group: Group | None = None
) -> Outcome:
    """Train from the run's newest save, if it has one, to a checkpoint in the run's folder.

    Raises:
        LeaseLost: another worker has the run.
        RunError, TrainingError, SaveError: the run can't go on.
    """
    row = lease.run
    sources, data = read_sources(row)
    folder = run_folder(row)
    recorder = Recorder(lease, ending)
    dialogues = sum(len(source.train) for source in sources)
    recorder.say(f"corpora read: {len(sources)}, dialogues: {dialogues}")
    # Left by workers that were killed between their last step and the row's update.
    _remove_checkpoints(folder)
    settings = TrainingSettings.from_dict(row.settings)
    result = run(
        task_named(settings.model.task),
        settings,
        sources,
        folder,
        # The recorder comes first: when the lease is lost, no other callback gets the step.
        [recorder, *callbacks],
        resume=True,
        name=row.name,
        data=data,
        start_from=registry.folder_of(row.parent.sha256) if row.parent else None,
        fence=lease.fence,
        group=group or ALONE,
    )
    if result.finished:
        recorder.say(f"trained to step {result.step}")
    return Outcome(result.step, result.checkpoint)


def take_part(row: TrainingRun, group: Group) -> None:
    """Train a run as one of the processes that have no lease and write nothing."""
    settings = TrainingSettings.from_dict(row.settings)
    run(
        task_named(settings.model.task),
        settings,
        read_sources(row)[0],
        run_folder(row),
        resume=True,
        start_from=registry.folder_of(row.parent.sha256) if row.parent else None,
        group=group,
    )


def publish(lease: Lease, outcome: Outcome) -> None:
    """Move a finished run's checkpoint into place and create its row, whole or not at all.

    The files come first, under their sha256, so that a row never names missing ones and a second
    try does the same; row and run's end are one transaction.

    Raises:
        LeaseLost: another worker has the run; there is no row.
    """
    run_row, folder = lease.run, outcome.checkpoint
    assert folder is not None
    loaded = registry.store(folder)
    parent = run_row.parent
    card = write_card(
        run_row.name, loaded.sha256, loaded.config, parent=parent.name if parent else ""
    )

    def enter() -> Checkpoint:
        with transaction.atomic():
            row = registry.enter(loaded, name=run_row.name, parent=parent, card=card)
            if not lease.write(
                status=RunStatus.FINISHED,
                step=outcome.step,
                checkpoint=row,
                finished=timezone.now(),
            ):
                raise LeaseLost
            return row

    entered = patiently(enter)
    line = f"published as {entered.sha256[:12]}"
    if entered.name != run_row.name:
        line = f"its weights already exist as {entered}: no second checkpoint was made"
    run_log_write(run=run_row, fence=lease.fence, text=line)
    run_folder_clear(run_row)


def _remove_checkpoints(folder: Path) -> None:
    for left in [*folder.glob(f"{CHECKPOINT_FOLDER}*"), *folder.glob(f".{CHECKPOINT_FOLDER}*")]:
        remove_folder(left)
