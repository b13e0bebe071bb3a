"""Units that begin as a path from the embedding to the head: opened, they say what they read."""

import pytest
import torch

from memory_app.core.initialisation.copy_path import open_copy_path
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel

VOCAB, WIDTH, HIDDEN, UNITS = 400, 48, 60, 32


@pytest.fixture(params=[1, 2, 3])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    torch.manual_seed(5)
    model = LanguageModel(ModelConfig(VOCAB, WIDTH, HIDDEN, request.param)).eval()
    with torch.no_grad():
        model.projection.weight.zero_()
    open_copy_path(model, UNITS)
    return model


def gates_of_last_layer(model: LanguageModel, name: str) -> list[torch.Tensor]:
    weight = getattr(model.lstm, f"{name}_l{model.config.num_layers - 1}")
    return [gate[HIDDEN - UNITS :] for gate in weight.chunk(4)]


def test_a_word_let_in_and_shown_is_the_likeliest_after_any_other_words(
    model: LanguageModel,
) -> None:
    kept = 0
    words = range(0, VOCAB, 9)
    for word in words:
        i, _, _, o = gates_of_last_layer(model, "bias_ih")
        with torch.no_grad():
            i.fill_(4)
            _, state = model(torch.tensor([[word]]))
            i.fill_(-12)
            _, state = model(torch.tensor([[1, 2, 3, 4, 5]]), state)
            o.fill_(4)
            logits, _ = model(torch.tensor([[6]]), state)
            o.fill_(-3)
        kept += int(logits[0, -1].argmax()) == word
    assert kept / len(words) > 0.9


def test_shut_they_say_next_to_nothing(model: LanguageModel) -> None:
    with torch.no_grad():
        model.head.bias.zero_()
        logits, _ = model(torch.randint(0, VOCAB, (4, 12)))
    assert logits.abs().max() < 1


def test_the_other_units_hear_nothing_new(model: LanguageModel) -> None:
    torch.manual_seed(5)
    before = LanguageModel(model.config).eval()
    first = HIDDEN - UNITS
    for layer in range(model.config.num_layers):
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            ours = getattr(model.lstm, f"{name}_l{layer}").chunk(4)
            theirs = getattr(before.lstm, f"{name}_l{layer}").chunk(4)
            for a, b in zip(ours, theirs, strict=True):
                assert torch.equal(a[:first], b[:first])


def test_what_has_no_room_for_it_is_refused() -> None:
    for config in (ModelConfig(50, 8, 8, 1), ModelConfig(50, 8, 12, 1, cell="tanh_rnn")):
        with pytest.raises(ValueError, match="projection"):
            open_copy_path(LanguageModel(config), 4)
    with pytest.raises(ValueError, match="at most"):
        open_copy_path(LanguageModel(ModelConfig(50, 8, 12, 1)), 9)
