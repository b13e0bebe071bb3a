"""What stands beside a checkpoint for translation: the nearest training sentence's translation.

python -m benchmarks.quality.translation --checkpoint FOLDER --train a.jsonl b.jsonl --test …

Each file has a row {"messages": [{"content": English}, {"content": Chinese}]} a line, and its name
up to the first dot names the source. Figures as `evaluate` has them. The baseline finds the
training sentence with the highest cosine similarity to the source, by TF-IDF of character n-grams,
and answers with its translation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.quality.report import print_result
from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.replay import configure_process
from memory_app.core.tasks import TRANSLATION
from memory_app.core.tasks.per_source import per_source
from memory_app.core.tasks.translation.figures import figures_of
from memory_app.core.tasks.translation.task import PAIR_TOKENS
from memory_app.core.tasks.translation.texts import (
    DIRECTIONS,
    TO_CHINESE,
    Example,
    Pair,
    pairs_of,
    valid_examples,
)

#: Character n-grams of a source, by direction: English letters say less each.
GRAMS = {True: (2, 5), False: (1, 3)}
#: Sources that are compared with all training sentences at a time.
TOGETHER = 200


def read_rows(path: Path) -> list[list[tuple[str, str]]]:
    """The rows of a file as a corpus has them."""
    rows = [json.loads(line)["messages"] for line in path.read_text("utf-8").splitlines()]
    return [[("user", a["content"]), ("bot", b["content"])] for a, b in rows]


def nearest(train: Sequence[Pair], rows: Sequence[Example], direction: str) -> list[str]:
    """For each row the target of the training pair whose source is nearest."""
    grams = GRAMS[direction == TO_CHINESE]
    vectors = TfidfVectorizer(analyzer="char", ngram_range=grams, sublinear_tf=True)
    known = vectors.fit_transform([pair.source(direction) for pair in train])
    found: list[str] = []
    for start in range(0, len(rows), TOGETHER):
        sources = [row.pair.source(direction) for row in rows[start : start + TOGETHER]]
        similar = vectors.transform(sources) @ known.T
        found += [train[int(similar[k].argmax())].target(direction) for k in range(len(sources))]
    return found


def measure(folder: Path, train: Sequence[Path], test: Sequence[Path]) -> dict[str, Any]:
    """The checkpoint's figures, with `baselines`, as its config.json has them."""
    loaded = load_checkpoint(folder)
    sources = [Source(path.name.partition(".")[0], [], read_rows(path)) for path in test]
    own = TRANSLATION.metrics(loaded, sources)
    pairs = pairs_of(row for path in train for row in read_rows(path))
    rows = valid_examples(loaded.tokenizer, sources, PAIR_TOKENS)
    every = [row for part in rows.values() for row in part]
    outputs: dict[int, str] = {}
    for direction in DIRECTIONS:
        chosen = [row for row in every if row.direction == direction]
        for row, output in zip(chosen, nearest(pairs, chosen, direction), strict=True):
            outputs[id(row)] = output
    listed = [outputs[id(row)] for row in every]
    baseline = per_source(rows, lambda part, place: figures_of(part, listed[place]))
    return {**own, "baselines": {"nearest": baseline}}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.translation", description=__doc__
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    configure_process()
    print_result(measure(options.checkpoint, options.train, options.test))


if __name__ == "__main__":
    main()
