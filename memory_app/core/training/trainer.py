"""The loop: windows in, gradients down, callbacks called. It knows no corpus, task or row.

A callback may return True from `on_step` to end the run early (a cancel): the batch at hand is
finished and saved behind, so that the run can go on later as if it had never stopped. Within an
evaluation it raises Interrupted: this step is saved with the state that the batch carries, and the
run goes on with that evaluation later. In a group of several each process carries a state of its
own, which isn't saved: there the run goes back to its last save.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_swa_multi_avg_fn

from memory_app.core.cpu import computes_bfloat16
from memory_app.core.data.batching import Batch
from memory_app.core.messages import SentenceError
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.training.callbacks import Callback, Interrupted, Metrics
from memory_app.core.training.distributed import ALONE, Group
from memory_app.core.training.loss import WindowLoss
from memory_app.core.training.optimizer import learning_rate, new_optimizer
from memory_app.core.training.resume_file import read_save, saved_carried, write_save

#: Beside `save_every`: a save after this many seconds, or after so many times what the last one
#: took. A kill costs little work, saving a fiftieth of the time, and the weights don't notice.
SAVE_SECONDS, SAVE_COSTS = 2.0, 50


class TrainingError(SentenceError):
    """A run that cannot go on (the loss is not finite, nothing to learn from); one sentence."""


class Batches(Protocol):
    """What a run reads, as a function of its position alone, so that it can be resumed."""

    def pool(self, index: int, progress: float) -> Sequence[Batch]:
        """The batches of one pool, in a fixed order; `progress` 0…1 moves a curriculum."""
        ...


@dataclass(slots=True)
class TrainingResult:
    """What a run leaves behind."""

    model: LanguageModel
    step: int
    finished: bool
    tokens: int
    last: Metrics = field(default_factory=dict)


@dataclass(slots=True)
class _Position:
    """Where a run is; between batches the carried state is blank and needs no saving.

    Within a batch a run ends only at an evaluation, which it then owes: `window` windows of the
    batch, of the shape `shape`, are done.
    """

    step: int = 0
    pool: int = 0
    batch: int = 0
    tokens: int = 0
    progress: float = 0.0  # of the run when this pool began: it decides what the pool holds
    loss: float | None = None  # of the last step, for a run that is resumed at its very end
    window: int = 0
    shape: list[int] = field(default_factory=list)


class _Training:
    """One call of `train`: the model and its optimizer, and where they are."""

    def __init__(
        self,
        settings: TrainingSettings,
        folder: Path,
        model: LanguageModel,
        callbacks: Sequence[Callback],
        group: Group,
        fence: int,
    ) -> None:
        self._optimisation, self._execution = settings.optimisation, settings.execution
        self.folder, self.callbacks = folder, callbacks
        self.group, self.fence = group, fence
        self.device = group.device(self._execution.device)
        self.model = model
        self.optimizer = new_optimizer(settings, model)
        # The mean of the weights over the end of the run (Izmailov et al. 2018): what is judged,
        # and published.
        self.mean = (
            AveragedModel(model, multi_avg_fn=get_swa_multi_avg_fn())
            if self._optimisation.average_from < 1
            else None
        )
        self.at = _Position()
        self.metrics: Metrics = {}
        self.parked: Tensor | None = None  # rows of the embedding that stay as they are
        self._parked_rows: Tensor | None = None
        self._loss = group.wrap(WindowLoss(settings, model, group.size))
        self._autocast = self._execution.precision == "bfloat16" or (
            self._execution.precision == "auto"
            and (self.device.type != "cpu" or computes_bfloat16())
        )
        # The first save comes with the first batch: however soon a process is killed, each one that
        # learns anything carries the run on.
        self._saved_step, self._saved_at, self._save_took = 0, -math.inf, 0.0
        self._carried: tuple[Tensor, ...] | None = None  # at `at.window`, if that isn't 0

    def park(self, parked: Tensor | None) -> None:
        """Keep some rows of the embedding, bool [vocab], as they are now."""
        self.parked = parked
        if parked is not None:
            self._parked_rows = self.model.embedding.weight.detach()[parked].clone()

    def resume(self) -> None:
        """Go to the newest save, if there is one."""
        position = read_save(
            self.folder,
            self.model,
            self.optimizer,
            rank=self.group.rank,
            device=self.device,
            mean=self.mean,
        )
        if position is not None:
            position.pop("format_version", None)
            self.at = _Position(**position)
            if self.at.window and self.group.size == 1:
                self._carried = saved_carried(self.folder, self.device)
            else:
                self.at.shape = []
        self._saved_step = self.at.step

    def run(self, source: Batches) -> bool:
        """Train to the last step; whether it came there, or was told to end before."""
        at, steps = self.at, self._optimisation.steps
        self.model.train()
        stop = False
        try:
            if at.window:
                self._evaluate()
            while at.step < steps and not stop:
                batches = source.pool(at.pool, at.progress)
                if 0 < len(batches) <= at.batch:
                    # Saved by a release that wrote other dialogues: the next pool has a beginning.
                    at.pool, at.batch = at.pool + 1, 0
                    continue
                before = (at.step, at.batch + at.window)
                while at.batch < len(batches) and at.step < steps and not stop:
                    stop = self._batch(batches[at.batch])
                    at.batch += 1
                    if at.batch == len(batches):
                        at.pool, at.batch = at.pool + 1, 0
                        at.progress = at.step / steps
                        self._save_if_due(stop)
                        break
                    self._save_if_due(stop)
                if before == (at.step, 0):
                    raise TrainingError("The corpora contain nothing to train on.")
            if at.step >= steps:
                self._evaluate()
                return True
        except Interrupted:
            if self.group.size == 1 and at.step > self._saved_step:
                self._save_if_due(stop=True)
            at.step = self._saved_step
        return False

    def _batch(self, batch: Batch) -> bool:
        """All windows of one batch; whether a callback wants the run to end."""
        done, state = self.at.window, self._carried
        if self.at.shape != list(batch.ids.shape):
            # Nothing is done, or by a release that wrote other dialogues, or by a process alone.
            done, state = 0, None
        self.at.window, self.at.shape, self._carried = 0, [], None
        stop = False
        for n, window in enumerate(batch.windows(self._optimisation.window), start=1):
            if n <= done:
                continue
            began = time.perf_counter()
            _, _, weights = window
            weight = float(weights.sum())
            state = self._step(window, weight, state)
            if weight == 0:
                continue
            self.at.step += 1
            self.at.tokens += weights.numel()
            self.at.loss = self.metrics["loss"]
            self.metrics["tokens"] = self.at.tokens
            self.metrics["tokens_per_second"] = weights.numel() / (time.perf_counter() - began)
            answers = [callback.on_step(self.at.step, self.metrics) for callback in self.callbacks]
            stop = self.group.agree([stop or any(answers)], self.device)[0]
            if self.at.step >= self._optimisation.steps:
                break
            if self.at.step % self._execution.evaluate_every == 0:
                self.at.window, self.at.shape, self._carried = n, list(batch.ids.shape), state
                self._evaluate()
                self.at.window, self.at.shape, self._carried = 0, [], None
        return stop

    def _step(
        self,
        window: tuple[Tensor, Tensor, Tensor],
        weight: float,
        state: tuple[Tensor, ...] | None,
    ) -> tuple[Tensor, ...]:
        """Feed one window and, unless nothing in it counts, take one optimizer step."""
        step = self.at.step
        rate = learning_rate(self._optimisation, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        share, rows = self.group.rows(*window)
        # A window of few answers must not get the whole step's force on them.
        whole = max(weight, 0.1 * self._optimisation.batch_tokens)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._autocast):
            loss, total, *after = self._loss(
                *(tensor.to(self.device) for tensor in rows), state, whole, share
            )
        if weight == 0:
            return tuple(after)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        grad = self.model.embedding.weight.grad
        if self.parked is not None and grad is not None:
            grad[self.parked] = 0
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._optimisation.clip)
        summed = self.group.sum(total)
        if not all(map(math.isfinite, (summed, float(loss.detach()), float(norm)))):
            raise TrainingError("The loss or its gradient is not finite at step {step}.", step=step)
        self.optimizer.step()
        if self._parked_rows is not None:
            with torch.no_grad():  # weight decay moves them, and so do moments of another run
                self.model.embedding.weight[self.parked] = self._parked_rows
        if (
            self.mean is not None
            and step >= self._optimisation.average_from * self._optimisation.steps
        ):
            self.mean.update_parameters(self.model)
        self.metrics = {
            "loss": summed / weight,
            "gradient_norm": float(norm),
            "learning_rate": rate,
        }
        return tuple(after)

    def _save_if_due(self, stop: bool) -> None:
        """Save where a kill would cost much, and at every end."""
        at, since = self.at, time.monotonic() - self._saved_at
        due = (
            stop
            or at.step >= self._optimisation.steps
            or at.step - self._saved_step >= self._execution.save_every
            or since >= max(SAVE_SECONDS, SAVE_COSTS * self._save_took)
        )
        if not self.group.agree([due], self.device)[0]:
            return
        # A finite gradient may still leave weights that aren't: the last good save must stay.
        if not all(bool(p.isfinite().all()) for p in self.model.parameters()):
            raise TrainingError("A weight is not finite after step {step}.", step=at.step)
        began = time.monotonic()
        generators = self.group.generators(self.device)
        device_generators = self.group.device_generators(self.device)
        if self.group.rank == 0:
            write_save(
                self.folder,
                self.model,
                self.optimizer,
                asdict(at),
                fence=self.fence,
                generators=generators,
                device_generators=device_generators,
                mean=self.mean,
                parked=self.parked,
                carried=self._carried or (),
            )
        self._saved_step, self._saved_at = at.step, time.monotonic()
        self._save_took = self._saved_at - began
        for callback in self.callbacks:
            callback.on_save(at.step)

    @property
    def result(self) -> LanguageModel:
        """The model as it would be published now."""
        if self.mean is None or not int(self.mean.n_averaged):
            return self.model
        return cast("LanguageModel", self.mean.module)

    def _evaluate(self) -> None:
        model = self.result.eval()
        interrupted = False
        try:
            with torch.inference_mode():
                for callback in self.callbacks:
                    callback.on_evaluate(self.at.step, model)
        except Interrupted:
            interrupted = True
        self.model.train()
        if self.group.agree([interrupted], self.device)[0]:
            raise Interrupted


def train(
    settings: TrainingSettings,
    model: LanguageModel,
    batches: Batches,
    folder: Path,
    callbacks: Sequence[Callback] = (),
    *,
    parked: Tensor | None = None,
    resume: bool = False,
    fence: int = 0,
    group: Group = ALONE,
) -> TrainingResult:
    """Train `model` on `batches`, saving resumably into `folder`.

    A resumed run follows the same curve. The rows `parked` of the embedding, bool [vocab], stay as
    they are. `fence` is the number of the lease under which the run is carried out
    (resume_file.py). In a `group` of several only rank 0 has callbacks.

    Raises:
        TrainingError: nothing to train on, or a loss that is not finite.
        SaveError: `resume` with a save of another model, or a disk that takes no save.
    """
    if settings.execution.device == "cpu":
        torch.set_num_threads(settings.execution.threads)
    if group.rank:
        # One seed gives every process the same weights; their dropout has to differ.
        torch.manual_seed(settings.optimisation.seed + group.rank)
    training = _Training(settings, folder, model, callbacks, group, fence)
    if resume:
        training.resume()
    training.park(parked)
    for callback in callbacks:
        callback.on_start(settings, training.at.step)
    finished = training.run(batches)
    model = training.result.eval()
    at = training.at
    last = training.metrics or ({} if at.loss is None else {"loss": at.loss})
    return TrainingResult(model, at.step, finished, at.tokens, last)
