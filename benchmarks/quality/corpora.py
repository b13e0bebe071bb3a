"""The corpora of a measurement: NAME.train.jsonl and NAME.valid.jsonl in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memory_app.core.data.dialogues import Dialogue, Source, merge_turns
from memory_app.core.data.formats import Taken
from memory_app.core.data.read_corpus import parse_all


def read_sources(folder: Path, weights: Sequence[tuple[str, float]]) -> list[Source]:
    """(name, weight) pairs as sources; packed files (.gz, .xz, .zst) are read too.

    Raises:
        FileNotFoundError: a name has no training file there.
    """
    return [
        Source(name, _read(folder, name, "train"), _read(folder, name, "valid"), weight)
        for name, weight in weights
    ]


def _read(folder: Path, name: str, split: str) -> list[Dialogue]:
    found = sorted(folder.glob(f"{name}.{split}.jsonl*"))
    if not found:
        raise FileNotFoundError(f"{folder} has no {name}.{split}.jsonl.")
    rows = [merge_turns(row.turns) for row in parse_all(found[0]) if isinstance(row, Taken)]
    return [row for row in rows if len(row) > 1]


def single_exchanges(dialogues: Sequence[Dialogue]) -> list[Dialogue]:
    """Every exchange as a dialogue of its own: what is left when the state is reset each turn."""
    return [list(row[k : k + 2]) for row in dialogues for k in range(0, len(row) - 1, 2)]
