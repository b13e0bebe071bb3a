"""A head that reads few units: logistic regression with an L1 penalty on the final states.

Dropout spreads what is known over all units, so that none can be watched or set to any effect. The
penalty takes the weights of most units to exactly 0 (Tibshirani 1996); those of the others are then
fitted without it, since it shrinks them too. What is left says which units carry the score, and
moves it when they are set. Solved by FISTA (Beck and Teboulle 2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

#: Penalties that are tried, from the one that leaves no unit, each this share of the last.
PENALTIES, SHARE = 18, 0.72
ITERATIONS = 200
#: Of the accuracy of the penalties' best this much is given up for fewer units.
GIVEN_UP = 0.008


@dataclass(frozen=True, slots=True)
class Head:
    """logit = weight · h + bias; `weight` [units]."""

    weight: Tensor
    bias: float

    def accuracy(self, hidden: Tensor, labels: Tensor) -> float:
        """The share of h [N, units] that it scores on the side of their labels 0/1 [N]."""
        guess = hidden @ self.weight + self.bias > 0
        return float((guess == (labels > 0)).double().mean())


@torch.inference_mode()
def few_units(hidden: Tensor, labels: Tensor, valid: Tensor, valid_labels: Tensor) -> Head:
    """The head with the fewest units that is nearly as accurate as any, fitted to h [N, units].

    Accuracy is that on `valid` [M, units], which is not fitted to.
    """
    target = labels.float()
    spread = hidden.std(0).clamp(min=1e-4)
    centre = hidden.mean(0)
    inputs = (hidden - centre) / spread
    step = 4.0 / float(torch.linalg.matrix_norm(inputs, 2) ** 2 / len(inputs) + 1.0)
    bias = torch.logit(target.mean().clamp(0.01, 0.99))
    weight = torch.zeros(hidden.shape[1])
    most = float((inputs.T @ (bias.sigmoid() - target) / len(target)).abs().max())
    heads = []
    for power in range(1, PENALTIES + 1):
        weight, bias = _solve(inputs, target, weight, bias, most * SHARE**power, step)
        alone = inputs * (weight != 0)
        free, free_bias = _solve(alone, target, weight, bias, 0.0, step)
        own = free / spread
        heads.append(Head(own, float(free_bias - own @ centre)))
    accuracies = [head.accuracy(valid, valid_labels) for head in heads]
    enough = max(accuracies) - GIVEN_UP
    return next(h for h, share in zip(heads, accuracies, strict=True) if share >= enough)


def _solve(
    inputs: Tensor, target: Tensor, weight: Tensor, bias: Tensor, penalty: float, step: float
) -> tuple[Tensor, Tensor]:
    """The minimum of the mean cross-entropy + penalty · |weight|, from a near one."""
    ahead, ahead_bias, momentum = weight, bias, 1.0
    for _ in range(ITERATIONS):
        error = (inputs @ ahead + ahead_bias).sigmoid() - target
        new = ahead - step * (inputs.T @ error) / len(target)
        new = functional.softshrink(new, step * penalty)
        new_bias = ahead_bias - step * error.mean()
        following = (1 + (1 + 4 * momentum * momentum) ** 0.5) / 2
        along = (momentum - 1) / following
        ahead, ahead_bias = new + along * (new - weight), new_bias + along * (new_bias - bias)
        weight, bias, momentum = new, new_bias, following
    return weight, bias
