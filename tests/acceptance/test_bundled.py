"""The checkpoint that ships: within its size, credited, and its state carries facts."""

import json
from pathlib import Path

import pytest

from memory_app.core.evaluation.recall import SEED, draw_exam, model_replier, run_exam
from memory_app.core.model.checkpoint import load_checkpoint

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "memory_app/bundled/en"


@pytest.fixture(scope="module")
def bundled():
    return load_checkpoint(FOLDER)


def test_it_is_small_enough() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 24 * 10**6


def test_it_can_be_chatted_with(bundled) -> None:
    assert bundled.config["cell"] == "lstm"
    assert bundled.config["language"] == "en"
    assert bundled.config["name"]


def test_every_source_is_credited_where_it_must_be(bundled) -> None:
    notice, card = (ROOT / "NOTICE").read_text(), (ROOT / "docs/model_card.md").read_text()
    assert bundled.config["data"]
    for source in bundled.config["data"]:
        assert source["licence"]
        assert source["title"] in notice
        assert source["title"] in card


def test_the_model_card_is_of_this_checkpoint(bundled) -> None:
    assert bundled.sha256 in (ROOT / "docs/model_card.md").read_text()


def test_its_state_carries_facts_and_a_blank_one_does_not(bundled) -> None:
    cells = draw_exam(200, SEED)
    wanted = ("exact_match/gap_0", "exact_match/gap_2", "control")
    exam = run_exam(
        {name: cells[name] for name in wanted}, model_replier(bundled.model, bundled.tokenizer)
    )
    figures = json.dumps(exam)
    assert exam["exact_match"]["gap_0"] >= 0.85, figures
    assert exam["exact_match"]["gap_2"] >= 0.75, figures
    assert exam["control"] <= 0.02, figures


def test_what_the_front_page_says_of_it_is_what_it_scores(bundled) -> None:
    """config.json carries the exam's figures: the page must not promise another model's."""
    said = bundled.config["evaluation"]["recall"]
    cells = draw_exam(said["n"], SEED)
    exam = run_exam(
        {"exact_match/gap_2": cells["exact_match/gap_2"]},
        model_replier(bundled.model, bundled.tokenizer),
    )
    # A question or two may fall otherwise on another machine.
    assert exam["exact_match"]["gap_2"] == pytest.approx(said["exact_match"]["gap_2"], abs=0.02)
