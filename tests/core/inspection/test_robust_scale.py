"""The scale of an unbounded map is the 99th percentile of its magnitudes, by sorting them."""

import math

import pytest
import torch

from memory_app.core.inspection.gate_map import STEPS, to_steps
from memory_app.core.inspection.robust_scale import robust_scale


@pytest.mark.parametrize("low", [-3.0, 0.0])
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (130, 11)])
def test_the_scale_is_the_percentile_by_sorting(low: float, shape: tuple[int, int]) -> None:
    torch.manual_seed(sum(shape))
    values = torch.randn(shape).clamp(-3, 3)
    values = values.abs() if low == 0 else values
    steps = to_steps(values, low, 3.0)
    shown = low + steps.double() * (3.0 - low) / STEPS
    magnitudes = sorted(shown.abs().flatten().tolist())
    wanted = magnitudes[math.ceil(0.99 * len(magnitudes)) - 1]
    assert robust_scale(steps, low, 3.0) == pytest.approx(wanted, abs=1e-9)


def test_one_outlier_does_not_set_the_scale() -> None:
    values = torch.full((40, 10), 0.5)
    values[3, 3] = 900.0
    steps = to_steps(values, -900.0, 900.0)
    assert robust_scale(steps, -900.0, 900.0) == pytest.approx(0.5, abs=900 / STEPS)
