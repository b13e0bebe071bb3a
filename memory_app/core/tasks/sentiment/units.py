"""The unit of the last layer that alone separates positive from negative texts best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class SentimentUnit:
    """A text counts as positive where `sign` · h > `sign` · `threshold`.

    `accuracy` is that on the texts that unit and threshold were chosen by, so it flatters a little.
    """

    layer: int
    unit: int
    threshold: float
    sign: int
    accuracy: float

    def to_dict(self) -> dict[str, Any]:
        """As config.json has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Any, layers: int, units: int) -> Self | None:
        """The inverse; None for what is no unit of such a model: a config may be anything."""
        if not isinstance(data, Mapping):
            return None
        layer, unit, sign = data.get("layer"), data.get("unit"), data.get("sign")
        threshold, accuracy = _number(data.get("threshold")), _number(data.get("accuracy"))
        if type(layer) is not int or type(unit) is not int or sign not in (1, -1):
            return None
        if not (0 <= layer < layers and 0 <= unit < units):
            return None
        if threshold is None or accuracy is None:
            return None
        return cls(layer, unit, threshold, sign, accuracy)

    def share_right(self, hidden: Tensor, labels: Tensor) -> float:
        """Accuracy of this unit alone on h [N, units] against 0/1 [N]."""
        guess = self.sign * hidden[:, self.unit] > self.sign * self.threshold
        return float((guess == (labels > 0)).float().mean())


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
    return float(value) if known else None


@torch.inference_mode()
def strongest_unit(hidden: Tensor, labels: Tensor, layer: int) -> SentimentUnit:
    """The best unit and threshold by accuracy: h [N ≥ 2, units] after the texts, labels 0/1 [N]."""
    n = len(labels)
    ordered, order = hidden.sort(dim=0)  # [N, units]
    positive = (labels > 0).long()[order]
    below = positive.cumsum(0)  # positives up to the k-th lowest
    count = torch.arange(1, n + 1).unsqueeze(1)
    # Above the threshold positive: right are the negatives below and the positives above.
    right = (count - below) + (positive.sum(0) - below)
    # A threshold lies between two different values.
    distinct = torch.cat((torch.diff(ordered, dim=0) > 0, torch.ones(1, hidden.shape[1]) > 0))
    upward = torch.where(distinct, right, torch.zeros_like(right))
    downward = torch.where(distinct, n - right, torch.zeros_like(right))
    sign = 1 if int(upward.max()) >= int(downward.max()) else -1
    chosen = upward if sign > 0 else downward
    place, unit = divmod(int(chosen.argmax()), hidden.shape[1])
    low = float(ordered[place, unit])
    high = float(ordered[place + 1, unit]) if place + 1 < n else low
    accuracy = int(chosen[place, unit]) / n
    return SentimentUnit(layer, unit, (low + high) / 2, sign, accuracy)
