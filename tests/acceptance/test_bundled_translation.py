"""The checkpoints for translation that ship: small, credited, and as good as they say."""

from pathlib import Path
from typing import Any

import pytest

from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.tasks.translation.texts import DIRECTIONS, direction_of, source_ids
from memory_app.core.tasks.translation.writing import translations

ROOT = Path(__file__).parents[2]
NAMES = ("translation-en-zh", "translation-en-zh-attention")
FOLDERS = [ROOT / "memory_app/bundled" / name for name in NAMES]


@pytest.fixture(scope="module", params=FOLDERS, ids=NAMES)
def bundled(request: pytest.FixtureRequest) -> Checkpoint:
    return load_checkpoint(request.param)


def figures(checkpoint: Checkpoint) -> dict[str, Any]:
    found: dict[str, Any] = checkpoint.config["evaluation"]["translation"]
    return found


def test_they_are_small_together() -> None:
    assert sum(p.stat().st_size for folder in FOLDERS for p in folder.iterdir()) <= 12 * 10**6


def test_each_is_credited(bundled: Checkpoint) -> None:
    notice = (ROOT / "NOTICE").read_text()
    for source in bundled.config["data"]:
        assert source["licence"]
        assert source["title"] in notice
    assert bundled.sha256 in (ROOT / "docs/log/translation-1.md").read_text()


def test_one_has_attention_and_one_only_its_state() -> None:
    without, attending = map(load_checkpoint, FOLDERS)
    assert without.model.attention is None
    assert attending.model.attention is not None
    assert without.tokenizer.to_json() == attending.tokenizer.to_json()


def test_short_sentences_are_above_their_floor(bundled: Checkpoint) -> None:
    tatoeba = figures(bundled)["per_source"]["tatoeba"]["directions"]
    for direction in DIRECTIONS:
        assert tatoeba[direction]["short"]["n"] >= 600
        assert tatoeba[direction]["short"]["chrf_interval"][0] > 15


def test_short_sentences_are_above_the_baseline(bundled: Checkpoint) -> None:
    own = figures(bundled)
    baseline = own["baselines"]["nearest"]
    assert own["n"] == baseline["n"] == 1770
    both = [found["per_source"]["tatoeba"]["directions"] for found in (own, baseline)]
    for direction in DIRECTIONS:
        ours, theirs = (found[direction]["short"] for found in both)
        assert ours["chrf"] > theirs["chrf"]
    ours, theirs = (found["zh-en"]["short"]["chrf_interval"] for found in both)
    assert ours[0] > theirs[1]


def test_attention_is_above_the_state_alone_at_every_length() -> None:
    without, attending = (figures(load_checkpoint(folder))["by_length"] for folder in FOLDERS)
    assert all(b["chrf"] > a["chrf"] for a, b in zip(without, attending, strict=True))


@pytest.mark.parametrize(
    ("sentence", "words"),
    [("我不知道。", "don't know"), ("Where do you live?", "你住"), ("谢谢你。", "hank")],
)
def test_they_translate_what_everybody_says(bundled: Checkpoint, sentence: str, words: str) -> None:
    before = source_ids(bundled.tokenizer, sentence, direction_of(sentence))
    (written,) = translations(bundled.model, bundled.tokenizer, [before])
    assert words in bundled.tokenizer.decode(written)
