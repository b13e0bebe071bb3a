"""A model that is small enough for a test, with the bundled tokenizer, whose English it reads."""

from pathlib import Path

import pytest
import torch

from memory_app import registry
from memory_app.core.consolidation import fit, statistics
from memory_app.core.consolidation.rehearsal import Memory
from memory_app.core.consolidation.streams import asked
from memory_app.core.consolidation.topics import topics_of
from memory_app.core.engine.core import Engine
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

VALUES = {"name": "Clara", "home": "Oslo", "job": "baker", "favourite/colour": "green"}


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    tokenizer = Tokenizer.load(registry.BUNDLED / "en" / "tokenizer.json")
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 12, 20, 2)).eval()
    model.requires_grad_(False)
    with torch.no_grad():
        for parameter in model.layers.parameters():
            parameter.mul_(3)
        model.embedding.weight.normal_(std=0.5)
    return Checkpoint(model, tokenizer, {}, "ab" * 32, Path())


@pytest.fixture
def engine(checkpoint) -> Engine:
    tokenizer = checkpoint.tokenizer
    return Engine(
        ModelRunner(checkpoint.model, torch.float32),
        end_id=tokenizer.end_id,
        banned=(tokenizer.user_id, tokenizer.bot_id),
        slice_length=1024,
        capture_gates=False,
    )


@pytest.fixture(scope="session")
def gathered(checkpoint) -> statistics.Statistics:
    """Statistics of a few positions; a random model never abstains, so abstentions are made up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "POSITIONS", 300)
        patch.setattr(statistics, "CONTEXTS", (("talk", 0), ("talk", 1), ("facts", 1)))
        generator = torch.Generator().manual_seed(0)
        count = len(topics_of("en"))

        def made_up(*_):
            outputs = torch.randn(count, 20, generator=generator)
            said = torch.randint(3, 400, (count,), generator=generator)
            return outputs, said, torch.arange(count)

        patch.setattr(statistics, "_abstentions", made_up)
        return statistics.compute(checkpoint)


@pytest.fixture
def quick(monkeypatch) -> None:
    """Few passes and tellings: what is compared is bits, not what it is good for."""
    monkeypatch.setattr(fit, "PASSES", 3)
    monkeypatch.setattr(fit, "TELLINGS", 1)
    monkeypatch.setattr(fit, "REPLY_TOKENS", 4)


def memory_of(checkpoint, key: str, value: str) -> Memory:
    """What a chat would know that told this value."""
    topic = next(topic for topic in topics_of("en") if topic.key == key)
    tokenizer = checkpoint.tokenizer
    reply = tuple(tokenizer.encode(f"It is {value}."))
    pairs = [(tuple(asked(tokenizer, question)), reply) for question in topic.questions[:8]]
    return Memory(key, value, tuple(pairs))
