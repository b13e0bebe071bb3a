"""The baselines of the sentiment task on texts whose answer is known."""

import json
from pathlib import Path

import pytest

from benchmarks.quality.sentiment import majority, measure
from tests.core.tasks.test_sentiment import rows


def test_the_majority_is_that_of_the_training_rows() -> None:
    assert majority([("a", 1), ("b", 1), ("c", 0)], [("d", 0), ("e", 1)]) == 0.5


def test_counted_words_separate_what_words_separate(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    paths = []
    for seed, name in enumerate(("train", "valid", "test")):
        path = tmp_path / f"{name}.jsonl"
        lines = [{"text": row[0][1], "label": row[1][1]} for row in rows(seed, 80)]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        paths.append(path)
    figures = measure(*paths)
    assert figures["n"] == 80
    assert figures["bag_of_words"]["accuracy"] == 1.0
    assert figures["majority"]["accuracy"] < 0.7
