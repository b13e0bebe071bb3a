"""Figures of a model of texts as a page shows them, with their intervals and the baselines."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from memory_app.core.evaluation.wilson import wilson
from memory_app.models import Checkpoint
from memory_app.views.lab.score_table import percent_of

#: Names of the baselines in a checkpoint's config (docs/protocol.md), in the table's order.
BASELINES = ("five_gram", "people")


@dataclass(frozen=True, slots=True)
class TextLine:
    """One writer: bits per character with an interval, lines of the right length with theirs."""

    label: str
    bits: str
    bits_interval: str
    form: str
    form_interval: str
    own: bool = False


def _bits(value: Any) -> str:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1000
    return f"{value:.2f}" if known else ""


def _line(label: str, figures: Any, *, own: bool = False) -> TextLine | None:
    if not isinstance(figures, dict):
        return None
    bits, form = _bits(figures.get("bits_per_character")), percent_of(figures.get("form"))
    if not bits and not form:
        return None
    between = figures.get("interval")
    ends = [_bits(end) for end in between] if isinstance(between, list) else []
    lines, spread = figures.get("form_lines"), ""
    if form and type(lines) is int and 0 < lines < 10**9:
        low, high = wilson(round(figures["form"] * lines), lines)
        spread = f"{percent_of(low)}–{percent_of(high)}"
    return TextLine(
        label, bits or "–", "–".join(ends) if len(ends) == 2 else "", form or "–", spread, own
    )


def text_lines(row: Checkpoint, figures: dict[str, Any]) -> list[TextLine]:
    """The checkpoint and the baselines, each where it was measured."""
    labels = {
        "five_gram": _("a 5-gram of characters (Kneser–Ney)"),
        "people": _("the poets themselves"),
    }
    given = figures.get("baselines")
    baselines = given if isinstance(given, dict) else {}
    lines = [
        _line(row.name, figures, own=True),
        *(_line(labels[name], baselines.get(name)) for name in BASELINES),
    ]
    return [line for line in lines if line is not None]
