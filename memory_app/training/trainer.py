"""The loop: windows in, gradients down, callbacks told. It knows nothing of files or rows.

A callback may return True from `on_step` to end the run early (a cancel): the batch at hand is
finished and saved behind, so that the run can go on later as if it had never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.lm.config import ModelConfig
from memory_app.lm.machine import computes_bfloat16
from memory_app.lm.model import LanguageModel
from memory_app.lm.state import State
from memory_app.lm.tokenizer import Tokenizer
from memory_app.training.batches import Mixture
from memory_app.training.copy_path import open_copy_path
from memory_app.training.dialogues import Source
from memory_app.training.save import read_save, write_save
from memory_app.training.settings import TrainingSettings

Metrics = dict[str, float]


class TrainingError(RuntimeError):
    """A run that cannot go on (the loss is not finite, nothing to learn from); one sentence."""


class Callback:
    """What a run tells; every method may be left out."""

    def on_start(self, settings: TrainingSettings, step: int) -> None:
        """Before the first step of this process; `step` > 0 after a resume."""

    def on_step(self, step: int, metrics: Metrics) -> bool | None:
        """After each optimizer step. Return True to end the run after a save."""

    def on_evaluate(self, step: int, model: LanguageModel) -> None:
        """Every `evaluate_every` steps and at the end; the model is in eval mode."""

    def on_save(self, step: int) -> None:
        """After each resumable save."""


@dataclass(slots=True)
class TrainingResult:
    """What a run leaves behind."""

    model: LanguageModel
    tokenizer: Tokenizer
    step: int
    finished: bool
    tokens: int
    last: Metrics = field(default_factory=dict)


def learning_rate(settings: TrainingSettings, step: int) -> float:
    """Linear warm-up, then a cosine down to `final_learning_rate` of the first."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    span = max(1, settings.steps - settings.warmup)
    done = min(1.0, (step - settings.warmup) / span)
    floor = settings.final_learning_rate
    return settings.learning_rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def new_model(settings: TrainingSettings, vocab_size: int) -> LanguageModel:
    """A model of the run's shape, seeded, its forget gates biased open."""
    torch.manual_seed(settings.seed)
    config = ModelConfig(
        vocab_size=vocab_size,
        embedding_dim=settings.embedding_dim,
        hidden_size=settings.hidden_size,
        num_layers=settings.num_layers,
        cell=settings.cell,
        language=settings.language,
    )
    model = LanguageModel(config, dropout=settings.dropout)
    if settings.cell == "lstm":
        hidden = settings.hidden_size
        with torch.no_grad():
            for layer in range(settings.num_layers):
                bias = getattr(model.lstm, f"bias_ih_l{layer}")
                bias[hidden : 2 * hidden] += settings.forget_bias
    return model


def new_optimizer(settings: TrainingSettings, model: LanguageModel) -> torch.optim.AdamW:
    """AdamW, with a rate of its own for the embedding.

    A name is seen once in hundreds of steps, and Adam moves a row by about the rate each time: at
    the rate that suits the layers, rare pieces never get far enough apart to be told apart.
    """
    rare = [model.embedding.weight]
    others = [p for p in model.parameters() if p is not model.embedding.weight]
    return torch.optim.AdamW(
        [{"params": rare, "scale": settings.embedding_rate}, {"params": others, "scale": 1.0}],
        lr=settings.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=settings.weight_decay,
    )


Nll = Callable[[Tensor, Tensor], Tensor]


def token_nll(model: LanguageModel, *, compiled: bool) -> Nll:
    """outputs [N, hidden], targets [N] → negative log-likelihood [N] in nats.

    Compiled, softmax and loss make one pass over [N, vocab] instead of several (1.3 times the
    tokens a second for the whole step at 4 k pieces); that takes a C++ compiler on the machine.
    """

    def nll(outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(model.logits(outputs).float(), targets, reduction="none")

    return torch.compile(nll, dynamic=True) if compiled else nll


def window_loss(
    model: LanguageModel,
    nll: Nll,
    inputs: Tensor,
    targets: Tensor,
    weights: Tensor,
    state: State | None,
) -> tuple[Tensor, State]:
    """(summed weighted NLL in nats, state after). Only weighted positions pay for a softmax."""
    outputs, state = model.hidden(inputs, state)
    chosen = weights > 0
    return (nll(outputs[chosen], targets[chosen]) * weights[chosen]).sum(), state


def cell_penalty(settings: TrainingSettings, state: State) -> Tensor:
    """Penalty · Σ over units of max(0, |c| − limit)², a row's mean; state [layers, B, hidden]."""
    over = (state.c.float().abs() - settings.cell_limit).clamp(min=0)
    return settings.cell_penalty * over.square().sum((0, 2)).mean()


def train(
    settings: TrainingSettings,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    folder: Path,
    callbacks: Sequence[Callback] = (),
    *,
    resume: bool = False,
    begin: Callable[[LanguageModel], None] | None = None,
) -> TrainingResult:
    """Train a model, saving resumably into `folder`; a resumed run follows the same curve.

    `begin` may put other weights into the new model before its first step.

    Raises:
        TrainingError: no corpus and no facts, or a loss that is not finite.
        SaveError: `resume` with a save of another model.
    """
    if not sources and not settings.facts + settings.identity:
        raise TrainingError("There is nothing to learn from: name a corpus or set facts above 0.")
    if settings.device == "cpu":
        torch.set_num_threads(settings.threads)
    device = torch.device(settings.device)
    model = new_model(settings, tokenizer.vocab_size).to(device)
    if begin is not None:
        begin(model)
    if settings.copy_units:
        open_copy_path(model, settings.copy_units)
    optimizer = new_optimizer(settings, model)
    position: dict[str, Any] = {"step": 0, "pool": 0, "batch": 0, "tokens": 0, "progress": 0.0}
    if resume:
        position = read_save(folder, model, optimizer) or position
    mixture = Mixture(settings, sources, tokenizer)
    bfloat16 = settings.precision == "bfloat16" or (
        settings.precision == "auto" and (device.type != "cpu" or computes_bfloat16())
    )
    nll = token_nll(model, compiled=settings.compile == "on")
    step, tokens = int(position["step"]), int(position["tokens"])
    for callback in callbacks:
        callback.on_start(settings, step)
    model.train()
    pool, first, progress = position["pool"], position["batch"], position["progress"]
    saved_at, metrics, stop = step, {}, False
    while step < settings.steps and not stop:
        batches = mixture.pool(pool, progress)
        for index in range(first, len(batches)):
            state: State | None = None
            batch = batches[index]
            for inputs, targets, weights in batch.windows(settings.window):
                began = time.perf_counter()
                rate = learning_rate(settings, step)
                for group in optimizer.param_groups:
                    group["lr"] = rate * group["scale"]
                with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                    if state is not None:
                        state = state.detach()
                    total, state = window_loss(
                        model,
                        nll,
                        inputs.to(device),
                        targets.to(device),
                        weights.to(device),
                        state,
                    )
                weight = float(weights.sum())
                if weight == 0:
                    continue
                # A window of few answers must not get the whole step's force on them.
                loss = total / max(weight, 0.1 * settings.batch_tokens)
                loss = loss + cell_penalty(settings, state)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
                if not (math.isfinite(float(loss.detach())) and math.isfinite(float(norm))):
                    raise TrainingError(f"The loss or its gradient is not finite at step {step}.")
                optimizer.step()
                step += 1
                tokens += inputs.numel()
                metrics = {
                    "loss": float(total.detach()) / weight,
                    "gradient_norm": float(norm),
                    "learning_rate": rate,
                    "tokens": tokens,
                    "tokens_per_second": inputs.numel() / (time.perf_counter() - began),
                }
                answers = [callback.on_step(step, metrics) for callback in callbacks]
                stop = stop or any(answers)
                if step % settings.evaluate_every == 0 and step < settings.steps:
                    _evaluate(model, step, callbacks)
                if step >= settings.steps:
                    break
            # Saves fall between batches, where the carried state is blank and needs no saving.
            last = index + 1 == len(batches)
            done = step >= settings.steps or stop
            if done or step - saved_at >= settings.save_every:
                at = {
                    "step": step,
                    "pool": pool + 1 if last else pool,
                    "batch": 0 if last else index + 1,
                    "tokens": tokens,
                    "progress": step / settings.steps if last else progress,
                }
                write_save(folder, model, optimizer, at)
                saved_at = step
                for callback in callbacks:
                    callback.on_save(step)
            if done:
                break
        pool, first, progress = pool + 1, 0, step / settings.steps
    _evaluate(model, step, callbacks)
    model.eval()
    return TrainingResult(model, tokenizer, step, step >= settings.steps, tokens, metrics)


def _evaluate(model: LanguageModel, step: int, callbacks: Sequence[Callback]) -> None:
    model.eval()
    with torch.inference_mode():
        for callback in callbacks:
            callback.on_evaluate(step, model)
    model.train()
