"""The checkpoint for texts that ships: small, credited, and as good at its form as it says."""

from pathlib import Path

import pytest

from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.tasks.completion.figures import written_texts
from memory_app.core.tasks.completion.forms import form_figures, forms_in
from memory_app.core.tasks.completion.task import countdown_in, marks_in

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "memory_app/bundled/lyrics-zh"


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return load_checkpoint(FOLDER)


def test_it_is_small_and_credited(bundled: Checkpoint) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 5 * 10**6
    notice = (ROOT / "NOTICE").read_text()
    for source in bundled.config["data"]:
        assert source["licence"]
        assert source["title"] in notice
    assert bundled.sha256 in (ROOT / "docs/log/completion-1.md").read_text()


def test_its_figures_are_above_their_floors_and_the_baseline(bundled: Checkpoint) -> None:
    figures = bundled.config["evaluation"]["completion"]
    baseline = figures["baselines"]["five_gram"]
    assert figures["form"] >= 0.95
    assert figures["n"] >= 250
    assert figures["form"] > baseline["form"]
    assert figures["bits_per_character"] < baseline["bits_per_character"]


def test_it_writes_tunes_in_their_form(bundled: Checkpoint) -> None:
    forms = forms_in(bundled.config)
    assert marks_in(bundled.config)
    primes = ["浣溪沙", "菩萨蛮", "如梦令", "水调歌头"] * 3
    assert (
        form_figures(written_texts(bundled.model, bundled.tokenizer, primes), forms)["form"] > 0.9
    )


def test_its_state_counts(bundled: Checkpoint) -> None:
    countdown = countdown_in(bundled.config, bundled.model.config.output_size)
    assert countdown is not None
    assert countdown.error < 0.3 * countdown.guess
