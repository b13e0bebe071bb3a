"""Baselines of the sentiment task: the more frequent label, and words and pairs counted.

python -m benchmarks.quality.sentiment --train reviews.train.jsonl --valid … --test …

Each file has a row {"text", "label"} a line. The penalty of the regression is chosen on the
validation rows; the test rows are scored once, with the chosen one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.report import print_result
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.tasks.sentiment.texts import label_of

#: Inverse strengths of the L2 penalty that are tried.
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)
Row = tuple[str, int]


def read_rows(path: Path) -> list[Row]:
    """The rows whose label is positive or negative, texts in lower case."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    labelled = [(row["text"].lower(), label_of(str(row["label"]))) for row in rows]
    return [(text, label) for text, label in labelled if label is not None]


def majority(train: Sequence[Row], test: Sequence[Row]) -> float:
    """Accuracy of always answering the training rows' more frequent label."""
    answer = int(2 * sum(label for _, label in train) >= len(train))
    return sum(label == answer for _, label in test) / len(test)


def bag_of_words(train: Sequence[Row], valid: Sequence[Row], test: Sequence[Row]) -> dict[str, Any]:
    """Logistic regression on which words and pairs of words occur (scikit-learn)."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    counts = CountVectorizer(ngram_range=(1, 2), binary=True)
    inputs = counts.fit_transform([text for text, _ in train])
    labels = [label for _, label in train]

    def fitted(strength: float) -> Any:
        return LogisticRegression(C=strength, max_iter=500).fit(inputs, labels)

    def accuracy(model: Any, rows: Sequence[Row]) -> float:
        texts = counts.transform([text for text, _ in rows])
        return float(model.score(texts, [label for _, label in rows]))

    tried = {strength: accuracy(fitted(strength), valid) for strength in STRENGTHS}
    chosen = max(tried, key=lambda strength: tried[strength])
    return {"strength": chosen, "valid": tried, "accuracy": accuracy(fitted(chosen), test)}


def measure(train: Path, valid: Path, test: Path) -> dict[str, Any]:
    """Both baselines, with Wilson intervals."""
    rows = [read_rows(path) for path in (train, valid, test)]
    n = len(rows[2])
    counted = bag_of_words(*rows)
    shares = {"majority": majority(rows[0], rows[2]), "bag_of_words": counted["accuracy"]}
    return {
        "n": n,
        **{
            name: {"accuracy": share, "interval": wilson(round(share * n), n)}
            for name, share in shares.items()
        },
        "strength": counted["strength"],
        "valid": counted["valid"],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.sentiment", description=__doc__
    )
    for name in ("train", "valid", "test"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    print_result(measure(options.train, options.valid, options.test))


if __name__ == "__main__":
    main()
