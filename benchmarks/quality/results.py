"""What was measured, one JSON file a contestant in docs/results, and the table made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.quality.variants import VARIANTS

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results"
VARIANT_RESULTS = RESULTS / "variants"
CARD = ROOT / "docs" / "model_card.md"
LOG = ROOT / "docs" / "log" / "one-change-at-a-time.md"
BEGIN, END = "<!-- quality: begin -->", "<!-- quality: end -->"
GAPS = ("gap_0", "gap_2", "gap_8", "gap_32")
SAME = ("trained", "parameters", "window", "batch_tokens")  # what figures have that can be compared


def keep(name: str, figures: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write one contestant's figures."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", "utf-8")
    return path


def _read(path: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return figures


def join(name: str, found: dict[str, Any], folder: Path = RESULTS) -> dict[str, Any]:
    """A contestant's better figures, of what is kept and of what was found at other rates.

    Raises:
        ValueError: the two differ in more than their rates, or share one.
        OSError: nothing is kept of it.
    """
    kept = _read(folder / f"{name}.json")
    differs = [key for key in SAME if kept.get(key) != found[key]]
    if differs:
        raise ValueError(f"What is kept of {name} differs in: {', '.join(differs)}.")
    shared = kept["learning_rates"].keys() & found["learning_rates"].keys()
    if shared:
        raise ValueError(f"What is kept of {name} has the rates {', '.join(sorted(shared))}.")
    rates = {**kept["learning_rates"], **found["learning_rates"]}
    best: dict[str, Any] = min(kept, found, key=lambda one: one["bits_per_byte"]["all"])
    return {**best, "learning_rates": dict(sorted(rates.items(), key=lambda one: float(one[0])))}


def read_all(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """Every contestant's figures, in the order of their `place`; what is no contestant is not."""
    found = [_read(path) for path in sorted(folder.glob("*.json"))]
    rows = [row for row in found if "bits_per_byte" in row]
    return sorted(rows, key=lambda row: (row["place"], row["title"]))


def _cell(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _share(figures: dict[str, Any], gap: str) -> str:
    """A rate with its 95% Wilson interval."""
    recall = figures.get("recall")
    if recall is None:
        return "–"
    low, high = recall["intervals"]["exact_match"][gap]
    return f"{recall['exact_match'][gap]:.2f} ({low:.2f}–{high:.2f})"


def _training(row: dict[str, Any]) -> str:
    """How long, over how many tokens, at which of so many learning rates."""
    said = [row["trained"]]
    if row.get("tokens"):
        said.append(f"{row['tokens'] / 1e6:.1f} M tokens")
    if tried := row.get("learning_rates"):
        others = f", best of {len(tried)}" if len(tried) > 1 else ""
        said.append(f"rate {row['learning_rate']:g}{others}")
    return ", ".join(said)


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: bits per byte by source and recall by gap, a contestant a row."""
    sources = sorted({name for row in rows for name in row["bits_per_byte"]["per_source"]})
    head = ["", "parameters", "trained", "all", *sources]
    lines = [_line(head), _line(["---"] * len(head))]
    for row in rows:
        bits = row["bits_per_byte"]
        lines.append(
            _line(
                [
                    row["title"],
                    f"{row['parameters'] / 1e6:.1f} M" if row.get("parameters") else "–",
                    _training(row),
                    _cell(bits["all"]),
                    *(_cell(bits["per_source"].get(name)) for name in sources),
                ]
            )
        )
    head = ["", *(gap.replace("_", " ") for gap in GAPS), "control"]
    lines += ["", _line(head), _line(["---"] * len(head))]
    for row in rows:
        recall = row.get("recall")
        control = _cell(recall["control"]) if recall else "–"
        lines.append(_line([row["title"], *(_share(row, gap) for gap in GAPS), control]))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write_table(card: Path = CARD, folder: Path = RESULTS) -> None:
    """Put the table of the contestants between its two marks in the model card.

    Raises:
        ValueError: the card has no such marks.
    """
    _put(card, table(read_all(folder)))


def write_variants(log: Path = LOG, folder: Path = VARIANT_RESULTS) -> None:
    """Put the table of the variants between the marks in their page of the log.

    Raises:
        ValueError: that page has no such marks.
    """
    found = {path.stem: _read(path) for path in folder.glob("*.json")}
    _put(log, variants_table(found))


def variants_table(rows: dict[str, dict[str, Any]]) -> str:
    """Markdown: a variant a row, in the order of VARIANTS; those not measured are left out."""
    gaps = GAPS[:3]
    head = ["variant", "changed", "parameters", "tokens", "bits per byte"]
    head += [gap.replace("_", " ") for gap in gaps]
    lines = [_line(head), _line(["---"] * len(head))]
    for name, changes in VARIANTS.items():
        row = rows.get(name)
        if row is None:
            continue
        changed = ", ".join(f"{key} {value}" for key, value in changes.items()) or "–"
        sizes = (f"{row[key] / 1e6:.1f} M" for key in ("parameters", "tokens"))
        shares = (_cell(row["recall"]["exact_match"][gap]) for gap in gaps)
        lines.append(_line([name, changed, *sizes, _cell(row["bits_per_byte"]["all"], 3), *shares]))
    return "\n".join(lines)


def _put(page: Path, made: str) -> None:
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page.name} lacks the marks {BEGIN} and {END}.")
    page.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", "utf-8")
