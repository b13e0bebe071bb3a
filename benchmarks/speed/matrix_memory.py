"""An xlstm beside an lstm of equal parameters: decoding, memory, gates and training."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch.nn import functional

from benchmarks.speed.fixtures import Replies
from benchmarks.speed.replay_cost import first_token
from benchmarks.speed.throughput import decode_step
from benchmarks.speed.timing import Line, interleaved, ratio
from memory_app.core.cells.packed_linear import fastest_dtype
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel

# As the bundled checkpoint, with a matrix memory above its two layers.
SIZES = ModelConfig(8192, 256, 832, 3, cell="xlstm")
ROWS, LENGTH = 16, 128  # of a training step
COUNTED = 0.25  # share of the positions that the loss counts


def matrix_memory(replies: Replies, rounds: int) -> Iterator[Line]:
    """Each ratio in one run; `replies` is not used: both models have sizes of their own."""
    torch.manual_seed(0)
    ours = LanguageModel(SIZES)
    theirs = _equal_lstm(sum(parameter.numel() for parameter in ours.parameters()))
    yield from _training(ours, theirs, rounds)
    both = {name: Replies(_frozen(model)) for name, model in (("ours", ours), ("theirs", theirs))}
    for n, words, goal, at_least in (
        (1, "a step of 1 chat, xlstm over lstm of equal parameters", 1.5, False),
        (64, "tokens a second of 64 chats, xlstm over lstm of equal parameters", 0.7, True),
    ):
        steps = {name: decode_step(own, own.engine(n), n) for name, own in both.items()}
        seconds = interleaved(steps, 10 * rounds)
        names = ("theirs", "ours") if at_least else ("ours", "theirs")
        yield Line(words, ratio(seconds[names[0]], seconds[names[1]]), goal, at_least)
    own = both["ours"]
    engines = {"gates": own.engine(64), "blind": own.engine(64, capture_gates=False)}
    seconds = interleaved(
        {name: decode_step(own, engine, 64) for name, engine in engines.items()}, 10 * rounds
    )
    gain = ratio(seconds["gates"], seconds["blind"])
    yield Line("gates captured over not, 64 chats, xlstm", gain, 1.10, at_least=False)
    for line in first_token(own, 5 * rounds):
        yield replace(line, name=f"{line.name}, xlstm")


def _equal_lstm(parameters: int) -> LanguageModel:
    """Two layers, as wide as comes nearest to `parameters`."""
    models = (
        ModelConfig(SIZES.vocab_size, SIZES.embedding_dim, hidden, 2)
        for hidden in range(512, 1200, 8)
    )
    return LanguageModel(min(models, key=lambda config: abs(_count(config) - parameters)))


def _count(config: ModelConfig) -> int:
    """Parameters of an lstm of these sizes, the head tied."""
    h, e = config.hidden_size, config.embedding_dim
    return config.vocab_size * (e + 1) + h * e + 4 * h * (e + 3 * h) + 16 * h


def _frozen(model: LanguageModel) -> LanguageModel:
    return model.eval().requires_grad_(False)


def _training(ours: LanguageModel, theirs: LanguageModel, rounds: int) -> Iterator[Line]:
    """Forward and backward of 16 rows of 128 tokens, a quarter of them counted."""
    dtypes = {"bfloat16": True, "float32": False}
    runs = {"ours": _step(ours, bfloat16=fastest_dtype() == torch.bfloat16)}
    runs |= {name: _step(theirs, bfloat16=own) for name, own in dtypes.items()}
    seconds = interleaved(runs, rounds)
    faster = min(dtypes, key=lambda name: statistics.median(seconds[name]))
    yield Line(
        f"training tokens a second, xlstm over nn.LSTM of equal parameters in {faster}",
        ratio(seconds[faster], seconds["ours"]),
        1.3,
    )


def _step(model: LanguageModel, *, bfloat16: bool) -> Callable[[], None]:
    ids = torch.randint(0, SIZES.vocab_size, (ROWS, LENGTH))
    at = torch.rand(ROWS, LENGTH) < COUNTED
    targets = torch.randint(0, SIZES.vocab_size, (int(at.sum()),))

    def step() -> None:
        model.train().requires_grad_(True)
        model.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            outputs, _ = model.hidden_at(ids, None, at)
            loss = functional.cross_entropy(model.logits(outputs).float(), targets)
        loss.backward()

    return step
