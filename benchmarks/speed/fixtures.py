"""What is measured: a checkpoint's model, or random weights of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from memory_app.core.engine.core import Engine
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.engine.request import Request
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling

USER, BOT, END = 0, 1, 2


def random_model(vocab_size: int = 8192, size: int = 512, layers: int = 2) -> LanguageModel:
    """Random weights whose gates and logits spread about as those of a trained model do.

    Logits that were all alike would make the cut of the distribution cheaper than it is.
    """
    torch.manual_seed(0)
    model = LanguageModel(ModelConfig(vocab_size, size, size, layers))
    with torch.no_grad():
        for parameter in model.layers.parameters():
            parameter.mul_(2)
        model.embedding.weight.mul_(8)
    return model.eval().requires_grad_(False)


def model_of(checkpoint: Path | None) -> LanguageModel:
    """The model to measure."""
    return random_model() if checkpoint is None else load_checkpoint(checkpoint).model


class Replies:
    """Makes requests of a fixed length on one runner, and runs them."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.runner = ModelRunner(model)
        self._number = 0

    def engine(self, max_batch: int, *, capture_gates: bool = True) -> Engine:
        """An engine that shares the runner's weights with the others."""
        return Engine(
            self.runner,
            end_id=END,
            banned=(USER, BOT),
            max_batch=max_batch,
            capture_gates=capture_gates,
        )

    def request(self, prompt: int, reply: int, state: State | None = None) -> Request:
        """A prompt of so many tokens and exactly so many to be said, with default settings."""
        self._number += 1
        ids = torch.randint(3, self.model.config.vocab_size, (prompt,)).tolist()
        sampling = Sampling(seed=self._number, min_tokens=reply, max_tokens=reply)
        return Request(self._number, ids, state or State.zeros(self.model.config), sampling)

    def together(self, chats: int, tokens: int) -> Callable[[], None]:
        """A run of so many replies in batched steps."""
        engine = self.engine(chats)

        def run() -> None:
            for _ in range(chats):
                engine.add(self.request(1, tokens))
            finish(engine)

        return run


def finish(engine: Engine) -> None:
    """Step until nobody is left."""
    while engine.has_work:
        engine.step()
