"""Pieces that training hardly meets begin among the others, and are where they began at its end."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file as save_tensors

from memory_app.core.initialisation import rare_tokens
from memory_app.core.initialisation.initial_model import new_model
from memory_app.core.initialisation.rare_tokens import (
    LENGTH,
    SELDOM,
    begin_words,
    count_pieces,
    lengthen,
    redraw,
    seldom_words,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.tasks import CHAT
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.resume_file import PARKED_KEY, save_file
from memory_app.core.training.run import train_from_sources as train
from tests.core.training.test_trainer import SMALL, SOURCE, TOKENIZER, Curve, weights

SETTINGS = SMALL.changed({"facts": 0.0, "identity": 0.0, "redraw_below": 3, "steps": 12})


def test_pieces_are_counted_as_often_as_they_come_up() -> None:
    counts = count_pieces([SOURCE], SETTINGS, TOKENIZER)
    texts = [text for dialogue in SOURCE.train for _, text in dialogue]
    slow = [0] * TOKENIZER.vocab_size
    for text in texts:
        for piece in TOKENIZER.encode(text):
            slow[piece] += 1
    for piece, count in enumerate(slow):
        if piece in TOKENIZER.special_ids:
            assert counts[piece] > 1_000_000
        else:
            assert counts[piece] == count


def test_what_the_generator_says_is_not_rare() -> None:
    counts = count_pieces([], SMALL.changed({"facts": 0.5}), TOKENIZER)
    for word in ("Clara", "You told me"):
        assert (counts[TOKENIZER.encode(f" {word}")] > 1_000_000).all()


def test_a_heap_of_rare_pieces_is_spread_as_the_others_are() -> None:
    torch.manual_seed(1)
    model = LanguageModel(ModelConfig(3000, 16, 20, 1))
    counts = torch.full((3000,), 100)
    counts[2000:] = 2
    with torch.no_grad():
        model.embedding.weight[:2000] *= torch.linspace(1, 9, 16)
        model.embedding.weight[:2000] += 0.3
        model.embedding.weight[2000:] = 1.0
        model.head.bias[2000:] = -9.0
        known = model.embedding.weight[:2000].clone()
    redraw(model, counts < 3, counts, seed=1)
    drawn = model.embedding.weight.detach()[2000:]
    torch.testing.assert_close(model.embedding.weight.detach()[:2000], known)
    torch.testing.assert_close(drawn.mean(0), known.mean(0), atol=0.06, rtol=0)
    torch.testing.assert_close(drawn.std(0), known.std(0), rtol=0.15, atol=0)
    assert float(model.head.bias.detach()[2000:].min()) == 0.0


def test_with_no_rare_piece_nothing_is_drawn() -> None:
    model = new_model(SETTINGS, TOKENIZER.vocab_size)
    before = model.embedding.weight.detach().clone()
    counts = torch.full((TOKENIZER.vocab_size,), 9)
    redraw(model, counts < 3, counts, seed=1)
    assert torch.equal(model.embedding.weight, before)


def parked_pieces() -> tuple[torch.Tensor, torch.Tensor]:
    """Those drawn anew, and those that stay: the slow way, from the rule."""
    counts = count_pieces([SOURCE], SETTINGS, TOKENIZER)
    rare = (counts < 3) & begin_words(TOKENIZER)
    assert 0 < rare.sum() < (counts < 3).sum()
    return rare, rare | seldom_words(TOKENIZER, counts, 3 * SELDOM)


def test_rare_pieces_stay_where_they_were_drawn_while_the_others_learn(tmp_path: Path) -> None:
    fresh = new_model(SETTINGS, TOKENIZER.vocab_size)
    rare, parked = parked_pieces()
    redraw(fresh, rare, count_pieces([SOURCE], SETTINGS, TOKENIZER), SETTINGS.optimisation.seed)
    lengthen(fresh, parked)
    learned = train(CHAT, SETTINGS, [SOURCE], TOKENIZER, tmp_path).model.embedding.weight
    moved = (learned != fresh.embedding.weight).any(1)
    assert not moved[parked].any()
    assert moved[~parked].all()


def test_a_run_that_goes_on_keeps_its_parents_rare_pieces(tmp_path: Path) -> None:
    settings = SETTINGS.changed({"rare_pieces": "parent"})
    fresh = new_model(settings, TOKENIZER.vocab_size)
    _, parked = parked_pieces()
    lengthen(fresh, parked)
    learned = train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path).model.embedding.weight
    assert torch.equal(learned[parked], fresh.embedding.weight[parked])
    assert (learned != fresh.embedding.weight).any(1)[~parked].all()


def test_words_seldom_met_are_words() -> None:
    tokenizer = Tokenizer.train(["see the ox, Angelina 12 34"] * 9, 300)
    counts = torch.full((tokenizer.vocab_size,), 5)
    for text in (" Angelina", " ox", " 12"):
        assert len(tokenizer.encode(text)) == 1
    found = seldom_words(tokenizer, counts, 6)
    assert found[tokenizer.encode(" Angelina")].all()
    assert not found[tokenizer.encode(" ox") + tokenizer.encode(" 12")].any()
    assert not seldom_words(tokenizer, counts, 5).any()


def test_what_stays_lies_no_nearer_than_most_others_and_in_its_own_direction() -> None:
    torch.manual_seed(1)
    model = LanguageModel(ModelConfig(500, 16, 20, 1))
    parked = torch.arange(500) < 40
    with torch.no_grad():
        model.embedding.weight += 0.7
        model.embedding.weight[:30] = 0.7 + 0.1 * (model.embedding.weight[:30] - 0.7)
        model.embedding.weight[30:40] = 0.7 + 9 * (model.embedding.weight[30:40] - 0.7)
    before = model.embedding.weight.detach().clone()
    mean = before[40:].mean(0)
    lengthen(model, parked)
    after = model.embedding.weight.detach()
    least = LENGTH * (before[40:] - mean).norm(dim=1).median()
    torch.testing.assert_close((after[:30] - mean).norm(dim=1), least.expand(30))
    cosines = torch.cosine_similarity(after - mean, before - mean, dim=1)
    torch.testing.assert_close(cosines, torch.ones(500))
    torch.testing.assert_close(after[30:], before[30:])
    lengthen(model, parked)
    torch.testing.assert_close(model.embedding.weight.detach(), after)


def count_never(*_: object) -> torch.Tensor:
    raise AssertionError("counted again")


@pytest.mark.parametrize("die_at", [5])
def test_a_killed_run_with_rare_pieces_resumes_to_the_same_weights_without_counting_again(
    tmp_path: Path, die_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(CHAT, SETTINGS, [SOURCE], TOKENIZER, tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        train(CHAT, SETTINGS, [SOURCE], TOKENIZER, tmp_path / "b", [Curve(die_at=die_at)])
    monkeypatch.setattr(rare_tokens, "count_pieces", count_never)
    resumed = train(CHAT, SETTINGS, [SOURCE], TOKENIZER, tmp_path / "b", resume=True)
    assert torch.equal(weights(whole), weights(resumed))


def test_a_save_that_knows_no_rare_pieces_has_them_counted(tmp_path: Path) -> None:
    whole = train(CHAT, SETTINGS, [SOURCE], TOKENIZER, tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        train(CHAT, SETTINGS, [SOURCE], TOKENIZER, tmp_path / "b", [Curve(die_at=5)])
    path = save_file(tmp_path / "b")
    with safe_open(path, framework="pt") as old:
        names = old.keys()
        assert PARKED_KEY in names
        tensors = {name: old.get_tensor(name) for name in names if name != PARKED_KEY}
        save_tensors(tensors, path, old.metadata())
    resumed = train(CHAT, SETTINGS, [SOURCE], TOKENIZER, tmp_path / "b", resume=True)
    assert torch.equal(weights(whole), weights(resumed))
