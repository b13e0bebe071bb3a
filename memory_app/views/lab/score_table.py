"""A classifier's figures as a page shows them, with their intervals and the baselines."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from memory_app.core.evaluation.wilson import wilson
from memory_app.models import Checkpoint

#: Names of the baselines in a checkpoint's config (docs/protocol.md), in the table's order.
BASELINES = ("article_network", "bag_of_words", "majority")


@dataclass(frozen=True, slots=True)
class Line:
    """One classifier: its accuracy in percent, and the Wilson interval."""

    label: str
    percent: str
    low: str
    high: str
    own: bool = False


def percent_of(share: Any) -> str:
    """0.8423 -> "84.2%"; empty for what is no share."""
    known = isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
    return f"{share * 100:.1f}%" if known else ""


def _line(label: str, share: Any, n: int, *, own: bool = False) -> Line | None:
    if not (percent := percent_of(share)):
        return None
    low, high = wilson(round(share * n), n)
    return Line(label, percent, percent_of(low), percent_of(high), own)


def score_lines(row: Checkpoint, figures: dict[str, Any]) -> list[Line]:
    """The checkpoint, its strongest unit, and the baselines, each where it was measured."""
    n = int(figures["n"])
    labels = {
        "article_network": _("two LSTM layers of 128 units (preset article-sentiment)"),
        "bag_of_words": _("words and pairs counted, logistic regression"),
        "majority": _("always the more frequent answer"),
    }
    given = figures.get("baselines")
    baselines = given if isinstance(given, dict) else {}
    lines = [
        _line(row.name, figures.get("accuracy"), n, own=True),
        _line(_("its strongest unit alone"), figures.get("unit_accuracy"), n),
        *(_line(labels[name], baselines.get(name), n) for name in BASELINES),
    ]
    return [line for line in lines if line is not None]


def confusion_of(figures: dict[str, Any]) -> list[tuple[str, int, int]]:
    """(label, scored positive, scored negative) of both kinds of text; empty if missing."""
    table = figures.get("confusion")
    rows: list[tuple[str, int, int]] = []
    for key, label in (("positive", _("positive")), ("negative", _("negative"))):
        own = table.get(key) if isinstance(table, dict) else None
        if not isinstance(own, dict):
            return []
        positive, negative = own.get("positive"), own.get("negative")
        if type(positive) is not int or type(negative) is not int:
            return []
        rows.append((label, positive, negative))
    return rows


def roc_points(figures: dict[str, Any]) -> str:
    """The ROC curve as points of a polyline in a box of 100 by 100; empty if missing."""
    points = figures.get("roc")
    if not isinstance(points, list) or len(points) < 2:
        return ""
    try:
        return " ".join(f"{100 * x:.1f},{100 - 100 * y:.1f}" for x, y in points)
    except (TypeError, ValueError):
        return ""
