"""The loss of one window: what next-token prediction costs, and cells that count on without end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from memory_app.core.model.attention import Attention, source_positions
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.run_settings import RegularisationSettings, TrainingSettings
from memory_app.core.training.recurrent_dropout import Reader, reader
from memory_app.core.training.sequence_loss import sequence_nll, sequence_share

#: (outputs [N, hidden], targets [N], what attention adds [N, embed] or None) → NLL [N] in nats.
Nll = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def token_nll(model: LanguageModel, *, compiled: bool) -> Nll:
    """outputs [N, hidden], targets [N] → negative log-likelihood [N] in nats.

    Compiled, softmax and loss make one pass over [N, vocab] instead of several (1.3 times the
    tokens a second for the whole step at 4 k pieces); that takes a C++ compiler on the machine.
    """
    # A benchmark's other networks have no config; they predict tokens.
    of_two_classes = isinstance(model, LanguageModel) and model.config.outputs == 1

    def nll(outputs: Tensor, targets: Tensor, addition: Tensor | None = None) -> Tensor:
        # A benchmark's networks have no attention over a source to add.
        logits = (
            model.logits(outputs) if addition is None else model.logits(outputs, addition=addition)
        ).float()
        if of_two_classes:  # log p(y) = log σ(±logit)
            return functional.binary_cross_entropy_with_logits(
                logits.squeeze(-1), targets.float(), reduction="none"
            )
        return functional.cross_entropy(logits, targets, reduction="none")

    return torch.compile(nll, dynamic=True) if compiled else nll


def window_loss(
    hidden: Reader,
    nll: Nll,
    inputs: Tensor,
    targets: Tensor,
    weights: Tensor,
    state: State | None,
    attention: Attention | None = None,
) -> tuple[Tensor, State]:
    """(summed weighted NLL in nats, state after). Only weighted positions pay for a softmax.

    With attention a window holds whole rows; their source is what stands before the first target.
    """
    chosen = weights > 0
    if attention is None:
        outputs, state = hidden(inputs, state, chosen)
        addition = None
    else:
        outputs, state = hidden(inputs, state, torch.ones_like(chosen))
        rows = outputs.view(*chosen.shape, -1)
        source = source_positions(chosen)
        width = int(source.sum(1).max())
        addition = attention(rows, rows[:, :width], source[:, :width])[chosen]
        outputs = rows[chosen]
    return (nll(outputs, targets[chosen], addition) * weights[chosen]).sum(), state


def frame_loss(
    hidden: Reader,
    model: LanguageModel,
    sequence_weight: float,
    inputs: Tensor,
    targets: Tensor,
    weights: Tensor,
) -> tuple[Tensor, State]:
    """(summed weighted NLL of frames and of their words in order, in nats; state after).

    inputs float32 [B, T, features], a whole recording a row.
    """
    every = torch.ones_like(weights, dtype=torch.bool)
    outputs, state = hidden(inputs, None, every)
    logits = model.logits(outputs).float().unflatten(0, weights.shape)
    nll = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    total = (nll * weights.flatten()).sum()
    counts = sequence_weight * sequence_share(float(total.detach() / weights.sum().clamp(min=1)))
    if counts:
        total = total + counts * sequence_nll(logits, targets, weights)
    return total, state


def cell_penalty(
    settings: RegularisationSettings, state: State, unbounded: Sequence[str]
) -> Tensor:
    """Penalty · Σ of max(0, |v| − limit)² over the values of unbounded parts, the mean of rows."""
    total = state.tensors()[0].new_zeros(state.batch)
    for layer in state.layers:
        for name in unbounded:
            if name in layer:
                over = (layer[name].float().abs() - settings.cell_limit).clamp(min=0)
                total = total + over.square().flatten(1).sum(1)
    return settings.cell_penalty * total.mean()


class WindowLoss(nn.Module):
    """One process's part of a window's loss.

    A module, since DistributedDataParallel wants one: the gradients of the parts, averaged over
    `size` processes, are those of the whole.
    """

    def __init__(self, settings: TrainingSettings, model: LanguageModel, size: int) -> None:
        super().__init__()
        self.model = model
        self._regularisation, self._size = settings.regularisation, size
        self._hidden = reader(settings.regularisation, model)
        self._attention = model.attention if isinstance(model, LanguageModel) else None
        self._nll = token_nll(model, compiled=settings.execution.compile == "on")
        self._sequence_weight = settings.speech.sequence_weight
        self._frames = isinstance(model, LanguageModel) and bool(model.config.inputs)

    def forward(
        self,
        inputs: Tensor,
        targets: Tensor,
        weights: Tensor,
        state: tuple[Tensor, ...] | None,
        whole: float,
        share: float,
    ) -> tuple[Tensor, ...]:
        """(loss, summed weighted NLL in nats, the tensors of the state after) of these rows.

        `whole` is what the NLL of all rows is divided by, `share` how many of them are here.
        """
        before = None
        if state is not None:
            before = self.model.blank(len(inputs)).with_tensors(state).detach()
        if self._frames:
            own = (inputs, targets, weights)
            total, after = frame_loss(self._hidden, self.model, self._sequence_weight, *own)
        else:
            total, after = window_loss(
                self._hidden, self._nll, inputs, targets, weights, before, self._attention
            )
        unbounded = self.model.cell.unbounded_parts
        loss = total / whole + share * cell_penalty(self._regularisation, after, unbounded)
        return loss * self._size, total, *after.tensors()
