"""A run that begins from a checkpoint: the same weights, also under other pieces."""

from pathlib import Path

import pytest
import torch

from memory_app.core.initialisation.from_checkpoint import TransferError, take_over
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

TEXTS = ["the cat sat on the mat", "a cat and a dog", "James told Clara", "James sat"] * 20


def model_of(tokenizer: Tokenizer, hidden: int = 12) -> LanguageModel:
    config = ModelConfig(tokenizer.vocab_size, 8, hidden, 2)
    return LanguageModel(config).eval()


@pytest.fixture
def parent(tmp_path: Path) -> Checkpoint:
    torch.manual_seed(3)
    tokenizer = Tokenizer.train(TEXTS, 280)
    save_checkpoint(tmp_path / "parent", model_of(tokenizer), tokenizer, {}, torch.float32)
    return load_checkpoint(tmp_path / "parent")


def test_the_same_pieces_give_the_same_model(parent: Checkpoint) -> None:
    model = model_of(parent.tokenizer)
    take_over(model, parent.tokenizer, parent)
    ids = torch.tensor([parent.tokenizer.encode("the cat told James")])
    assert torch.equal(model(ids)[0], parent.model(ids)[0])


def test_a_new_piece_begins_at_the_mean_of_what_stood_for_it(parent: Checkpoint) -> None:
    tokenizer = Tokenizer.train([*TEXTS, *["James James Clara zebra"] * 90], 300)
    model = model_of(tokenizer)
    take_over(model, tokenizer, parent)
    old, new = parent.model.embedding.weight, model.embedding.weight
    seen_new = 0
    for piece in range(tokenizer.vocab_size):
        text = tokenizer.decode([piece])
        if piece in tokenizer.special_ids or "�" in text:
            continue
        before = parent.tokenizer.encode(text)
        seen_new += len(before) > 1
        assert torch.allclose(new[piece], old[before].mean(0))
        assert torch.allclose(model.head.bias[piece], parent.model.head.bias[before].mean())
    assert seen_new > 3, "the second tokenizer was to have pieces of its own"
    assert torch.equal(new[tokenizer.end_id], old[parent.tokenizer.end_id])
    assert torch.equal(new[tokenizer.bot_id], old[parent.tokenizer.bot_id])


def test_a_wider_model_has_the_parent_s_units_first_and_they_work_as_before(
    parent: Checkpoint,
) -> None:
    model = model_of(parent.tokenizer, hidden=16)
    take_over(model, parent.tokenizer, parent)
    ids = torch.tensor([parent.tokenizer.encode("the cat told James")])
    outputs, state = model.hidden(ids)
    expected, before = parent.model.hidden(ids)
    assert torch.allclose(outputs[..., :12], expected, atol=1e-6)
    assert torch.allclose(state.part("c")[..., :12], before.part("c"), atol=1e-6)
    assert torch.allclose(model(ids)[0], parent.model(ids)[0], atol=1e-5)


def test_another_shape_is_refused(parent: Checkpoint) -> None:
    with pytest.raises(TransferError, match="another shape"):
        take_over(model_of(parent.tokenizer, hidden=10), parent.tokenizer, parent)
