"""Figures of translation as a page shows them, with their intervals and the baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from memory_app.core.tasks.translation.texts import DIRECTIONS
from memory_app.models import Checkpoint

Own = Sequence[tuple[Checkpoint, Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """chrF of one direction with its interval, that of short sentences, BLEU; "–" if unknown."""

    chrf: str
    chrf_interval: str
    short: str
    bleu: str


@dataclass(frozen=True, slots=True)
class TranslationLine:
    """One translator: its scores in each of DIRECTIONS."""

    label: str
    cells: list[ScoreCell]
    own: bool = False


def score_of(value: Any) -> str:
    """25.31 -> "25.3"; empty for what is no chrF or BLEU."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100.5
    return f"{value:.1f}" if known else ""


def _between(value: Any) -> str:
    ends = [score_of(end) for end in value] if isinstance(value, list) else []
    return "–".join(ends) if len(ends) == 2 and all(ends) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _cell(figures: Any, direction: str) -> ScoreCell:
    own = _mapping(_mapping(_mapping(figures).get("directions")).get(direction))
    return ScoreCell(
        score_of(own.get("chrf")) or "–",
        _between(own.get("chrf_interval")),
        score_of(_mapping(own.get("short")).get("chrf")) or "–",
        score_of(own.get("bleu")) or "–",
    )


def _kind(row: Checkpoint) -> str:
    return _("with attention") if row.config.get("attention") is True else _("state alone")


def _baselines(own: Own) -> list[tuple[str, Any]]:
    """The baselines that a checkpoint's figures name, each once."""
    labels = {"nearest": _("the nearest training sentence’s translation")}
    found: dict[str, Any] = {}
    for _row, figures in own:
        given = _mapping(_mapping(figures).get("baselines"))
        found |= {labels[name]: given[name] for name in labels if name in given}
    return list(found.items())


def translation_lines(own: Own) -> list[TranslationLine]:
    """The checkpoints and the baselines, each where it was measured."""
    lines = [
        TranslationLine(_kind(row), [_cell(figures, name) for name in DIRECTIONS], own=True)
        for row, figures in own
        if figures
    ]
    if not lines:
        return []
    lines += [
        TranslationLine(label, [_cell(figures, name) for name in DIRECTIONS])
        for label, figures in _baselines(own)
    ]
    return lines


def length_series(own: Own) -> list[dict[str, Any]]:
    """chrF by the sentence's length: of each translator its label and [group, chrF] points."""
    named = [(_kind(row), figures) for row, figures in own] + _baselines(own)
    series = []
    for label, figures in named:
        groups = _mapping(figures).get("by_length")
        points = [
            [str(_mapping(group).get("words"))[:8], round(float(_mapping(group)["chrf"]), 2)]
            for group in (groups if isinstance(groups, list) else [])
            if score_of(_mapping(group).get("chrf"))
        ]
        if points:
            series.append({"label": label, "points": points})
    return series
