"""The speech checkpoint that ships: small, documented, and true to the example on its page."""

from pathlib import Path

import pytest

from memory_app.core.audio.wave_file import read_wave
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.tasks.speech.reading import frames_of, words_heard
from memory_app.core.tasks.speech.words import DIGITS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "memory_app/bundled/speech-digits"


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return load_checkpoint(FOLDER)


def test_it_is_small_and_documented(bundled: Checkpoint) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 10**6
    assert bundled.config["data"] == []  # synthetic voices alone
    log = (ROOT / "docs/log/speech-1.md").read_text()
    assert bundled.sha256 in log
    assert "espeak-ng" in log


def test_its_figures_are_of_people_and_above_the_baseline(bundled: Checkpoint) -> None:
    figures = bundled.config["evaluation"]["speech"]
    assert figures["n"] >= 1000
    assert len(figures["per_speaker"]) == 6
    assert figures["wer"] < figures["baselines"]["templates"]["wer"]


def test_the_example_on_its_page_is_recognised(bundled: Checkpoint) -> None:
    sound = read_wave(ROOT / "static/sound/digits.wav")
    (heard,) = words_heard(bundled.model, [frames_of(sound)])
    assert [DIGITS[word] for word in heard] == ["three", "one", "four", "one", "five", "nine"]
