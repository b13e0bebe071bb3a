"""Embeddings from co-occurrence: tokens with the same neighbours begin beside each other."""

import random

import pytest
import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.initialisation.cooccurrence import place_cooccurrence
from memory_app.core.initialisation.initial_model import new_model
from memory_app.core.run_settings import PRESETS, SettingsError
from memory_app.core.text.tokenizer import Tokenizer


def test_words_of_one_kind_are_near_and_a_word_that_never_came_stays() -> None:
    rng = random.Random(1)
    kinds = {"film": ("good", "fine"), "soup": ("hot", "cold")}
    rows = []
    for _ in range(400):
        noun = rng.choice(list(kinds))
        rows.append([("user", f"the {noun} was {rng.choice(kinds[noun])} indeed")])
    texts = [row[0][1] for row in rows]
    tokenizer = Tokenizer.train(texts, 300)
    settings = PRESETS["sentiment"].changed({"embedding_dim": 16, "hidden_size": 8})
    model = new_model(settings, tokenizer.vocab_size)
    before = model.embedding.weight.detach().clone()
    place_cooccurrence(model, settings, [Source("talk", rows)], tokenizer)
    after = model.embedding.weight.detach()

    def near(one: str, other: str) -> float:
        (first,), (second,) = tokenizer.encode(f" {one}"), tokenizer.encode(f" {other}")
        return float(torch.cosine_similarity(after[first], after[second], dim=0))

    assert near("good", "fine") > near("good", "hot") + 0.2
    assert near("hot", "cold") > near("fine", "cold") + 0.2
    assert torch.equal(after[tokenizer.bot_id], before[tokenizer.bot_id])
    assert after.isfinite().all()


def test_too_many_tokens_are_refused() -> None:
    with pytest.raises(SettingsError, match="at most 16,384"):
        PRESETS["sentiment"].changed({"embeddings": "cooccurrence", "vocab_size": 20_000})
