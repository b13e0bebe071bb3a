"""The sentiment checkpoint that ships: small, credited, and as good on its own words as it says."""

from pathlib import Path

import pytest

from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.tasks.sentiment.scores import held_scores, read_alone, unit_weights
from memory_app.core.tasks.sentiment.task import unit_in
from memory_app.core.tasks.sentiment.texts import text_ids

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "memory_app/bundled/sentiment-en"


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return load_checkpoint(FOLDER)


def test_it_is_small_and_credited(bundled: Checkpoint) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 4 * 10**6
    notice = (ROOT / "NOTICE").read_text()
    for source in bundled.config["data"]:
        assert source["licence"]
        assert source["title"] in notice
    assert bundled.sha256 in (ROOT / "docs/log/sentiment-1.md").read_text()


def test_its_figures_are_above_their_floors_and_the_baselines(bundled: Checkpoint) -> None:
    figures = bundled.config["evaluation"]["sentiment"]
    assert figures["n"] >= 1000
    assert figures["accuracy"] >= 0.78
    assert figures["unit_accuracy"] >= 0.75
    assert all(figures["accuracy"] > share for share in figures["baselines"].values())


def test_it_tells_plain_praise_from_plain_blame(bundled: Checkpoint) -> None:
    good = ("a warm, funny and moving film", "one of the best films of the year")
    bad = ("a dull, lifeless mess", "a waste of time and talent")
    for texts, positive in ((good, True), (bad, False)):
        for text in texts:
            reading = read_alone(bundled.model, text_ids(bundled.tokenizer, text, 256))
            assert (reading.score > 0.5) is positive, (text, reading.score)


def test_its_strongest_unit_moves_the_score(bundled: Checkpoint) -> None:
    unit = unit_in(bundled.config)
    ids = text_ids(bundled.tokenizer, "it is a film about a family", 256)
    low, high = held_scores(bundled.model, ids, unit["layer"], unit["unit"], [-1.0, 1.0])
    moved = abs(float(high[-1] - low[-1]))
    assert moved > 2
    assert int((unit_weights(bundled.model) != 0).sum()) <= 16
