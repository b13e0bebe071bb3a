"""Bits per byte against closed forms and against one token at a time."""

import math

import pytest
import torch

from memory_app.core.evaluation import perplexity
from memory_app.core.evaluation.perplexity import evaluate_perplexity, likelihood
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

DIALOGUES = [
    [("user", "hi"), ("bot", "hello you"), ("user", "why"), ("bot", "why not, héllo")],
    [("user", "a longer question comes here"), ("bot", "x")],
    [("user", "é"), ("bot", "ü and 你好"), ("user", "left alone")],
]
REPLIES = [text for dialogue in DIALOGUES for role, text in dialogue if role == "bot"]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train((text for dialogue in DIALOGUES for _, text in dialogue), 300)


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 12, 16, 2)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


def scored_tokens(tokenizer):
    return sum(len(tokenizer.encode(reply)) + 1 for reply in REPLIES)


def test_a_uniform_model_costs_the_logarithm_of_its_vocabulary(tokenizer):
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 8, 8, 1)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    result = evaluate_perplexity(model, tokenizer, {"all": DIALOGUES})
    tokens, size = scored_tokens(tokenizer), sum(len(reply.encode()) for reply in REPLIES)
    assert result["tokens"] == tokens
    assert result["bytes"] == size
    expected = tokens * math.log2(tokenizer.vocab_size) / size
    assert result["bits_per_byte"] == pytest.approx(expected, rel=1e-6)
    assert result["perplexity_per_token"] == pytest.approx(tokenizer.vocab_size, rel=1e-5)


def plain_nats(model, tokenizer, dialogue):
    """One token at a time through the reference step, the state carried from turn to turn."""
    state, logits, nats = State.zeros(model.config), None, 0.0
    for (_, user), (_, bot) in zip(dialogue[::2], dialogue[1::2], strict=False):
        for token in tokenizer.prompt_ids(tokenizer.encode(user)):
            step = model.step(torch.tensor([token]), state)
            logits, state = step.logits, step.state
        for token in [*tokenizer.encode(bot), tokenizer.end_id]:
            nats -= float(torch.log_softmax(logits, -1)[0, token])
            step = model.step(torch.tensor([token]), state)
            logits, state = step.logits, step.state
    return nats


@pytest.mark.parametrize("window", [4, 256])
def test_batches_and_windows_change_nothing(model, tokenizer, monkeypatch, window):
    monkeypatch.setattr(perplexity, "WINDOW", window)
    with torch.inference_mode():
        expected = sum(plain_nats(model, tokenizer, dialogue) for dialogue in DIALOGUES)
    assert likelihood(model, tokenizer, DIALOGUES).nats == pytest.approx(expected, rel=1e-4)


def test_the_state_is_carried_through_the_dialogue(model, tokenizer):
    whole = likelihood(model, tokenizer, DIALOGUES[:1])
    parted = likelihood(model, tokenizer, [DIALOGUES[0][:2], DIALOGUES[0][2:]])
    assert (whole.tokens, whole.bytes) == (parted.tokens, parted.bytes)
    assert whole.nats != pytest.approx(parted.nats, rel=1e-6)


def test_sources_add_up(model, tokenizer):
    seen = []
    sources = {"first": DIALOGUES[:1], "rest": iter(DIALOGUES[1:]), "none": []}
    result = evaluate_perplexity(model, tokenizer, sources, on_rows=seen.append)
    parts = result["per_source"]
    assert set(parts) == set(sources)
    assert result["tokens"] == parts["first"]["tokens"] + parts["rest"]["tokens"]
    bits = sum(parts[name]["bits_per_byte"] * parts[name]["bytes"] for name in ("first", "rest"))
    assert result["bits_per_byte"] == pytest.approx(bits / result["bytes"])
    assert parts["none"] == {
        "bits_per_byte": None,
        "perplexity_per_token": None,
        "tokens": 0,
        "bytes": 0,
    }
    assert sum(seen) == len(DIALOGUES)


def test_the_model_is_left_in_the_mode_it_was_in(model, tokenizer):
    model.train()
    likelihood(model, tokenizer, DIALOGUES)
    assert model.training
    model.eval()
