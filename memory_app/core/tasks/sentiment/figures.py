"""What a classifier of two classes scores: accuracy, precision, recall, F1, confusion, ROC."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.evaluation.wilson import wilson

#: Points of a ROC curve that are kept.
ROC_POINTS = 41


def binary_figures(logits: Tensor, labels: Tensor) -> dict[str, Any]:
    """The figures of `logits` float32 [N ≥ 1] against `labels` 0/1 [N]; positive where above 0.

    precision = TP / (TP + FP), recall = TP / (TP + FN), F1 their harmonic mean; each 0 where its
    denominator is. `auc`: the probability that a positive text has the higher score (ties half).
    """
    truth, guess = labels > 0, logits > 0
    tp, fp = int((guess & truth).sum()), int((guess & ~truth).sum())
    fn, tn = int((~guess & truth).sum()), int((~guess & ~truth).sum())
    n = len(labels)
    precision, recall = _share(tp, tp + fp), _share(tp, tp + fn)
    low, high = wilson(tp + tn, n)
    figures: dict[str, Any] = {
        "accuracy": (tp + tn) / n,
        "interval": [low, high],
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if tp else 0.0,
        "cross_entropy": float(
            functional.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
        ),
        "majority": max(tp + fn, fp + tn) / n,
        "confusion": {
            "positive": {"positive": tp, "negative": fn},
            "negative": {"positive": fp, "negative": tn},
        },
        "n": n,
    }
    if 0 < tp + fn < n:
        false, true = roc(logits, truth)
        figures["auc"] = float(torch.trapezoid(true, false))
        places = torch.linspace(0, len(false) - 1, min(ROC_POINTS, len(false))).round().long()
        figures["roc"] = [
            [round(float(false[k]), 4), round(float(true[k]), 4)] for k in places.tolist()
        ]
    return figures


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def roc(scores: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """(false positive rates, true positive rates), from (0, 0) to (1, 1), a point a threshold."""
    order = scores.argsort(descending=True)
    hits = truth[order].double()
    # Equal scores share a threshold, so only the last of each run is a point.
    ends = torch.cat((torch.diff(scores[order]) != 0, torch.tensor([True])))
    true = hits.cumsum(0)[ends] / hits.sum()
    false = (1 - hits).cumsum(0)[ends] / (1 - hits).sum()
    start = torch.zeros(1, dtype=torch.double)
    return torch.cat((start, false)), torch.cat((start, true))
