"""The contestants side by side as a picture: how well they foresee, how far back they recall."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.quality.results import GAPS

CHART = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "quality.svg"
# Okabe and Ito's colours, told apart by those who see fewer; the checkpoint is the dark one.
COLOURS = (
    *("#0b3954", "#56b4e9", "#999999", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#7a5c00"),
    *("#0072b2", "#f0e442"),
)
MARKERS = "osD^vPX*<>"


def draw(rows: list[dict[str, Any]], path: Path = CHART) -> None:
    """Write an SVG of the rows of `results.read_all`: the same rows give the same file."""
    # Text stays text (searchable, read aloud); ids come from a fixed salt instead of a random one.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gatescope", "font.size": 9}):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        bits, recall = figure.subplots(1, 2, width_ratios=(1, 1.2))
        _bits(bits, rows)
        _recall(recall, [row for row in rows if row.get("recall")])
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")


def _bits(axes: Any, rows: list[dict[str, Any]]) -> None:
    values = [row["bits_per_byte"]["all"] for row in rows]
    places = range(len(rows))
    colours = [COLOURS[place % len(COLOURS)] for place in places]
    bars = axes.barh(places, values, color=colours)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_yticks(places, [row["title"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(values))
    axes.set_title("bits per byte (less is better)", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _recall(axes: Any, rows: list[dict[str, Any]]) -> None:
    places = range(len(GAPS))
    for number, row in enumerate(rows):
        shares = [row["recall"]["exact_match"][gap] for gap in GAPS]
        ends = [row["recall"]["intervals"]["exact_match"][gap] for gap in GAPS]
        around = [
            [share - low for share, (low, _) in zip(shares, ends, strict=True)],
            [high - share for share, (_, high) in zip(shares, ends, strict=True)],
        ]
        # Beside one another, so that intervals on the floor don't hide each other.
        at = [place + 0.04 * (number - len(rows) / 2) for place in places]
        axes.errorbar(
            at,
            shares,
            around,
            label=row["title"],
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            markersize=4,
            capsize=2,
            linewidth=1.2,
        )
    axes.set_xticks(places, [gap.removeprefix("gap_") for gap in GAPS])
    axes.set_xlabel("exchanges between the fact and the question")
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("told facts recalled, with 95% intervals", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
