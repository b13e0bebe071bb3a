"""How well a model foresees replies: bits per byte and perplexity per token.

Over every bot turn: the negative log-likelihood of R and its final <|end|>, the state carried
through the whole dialogue from blank, in bits, over the UTF-8 bytes of the replies. Bits per byte
compare models with different tokenizers; perplexity per token does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

Dialogue = Sequence[tuple[str, str]]
ROWS = 32
WINDOW = 256
POOL = 512  # dialogues sorted by length together: little padding, little memory


@dataclass(slots=True)
class Likelihood:
    """Sums over replies: nats of their tokens, how many tokens, how many bytes."""

    nats: float = 0.0
    tokens: int = 0
    bytes: int = 0

    def add(self, other: Likelihood) -> None:
        """Take another sum in."""
        self.nats += other.nats
        self.tokens += other.tokens
        self.bytes += other.bytes

    def to_dict(self) -> dict[str, Any]:
        """The four figures; null where there was no reply to measure."""
        return {
            "bits_per_byte": self.nats / math.log(2) / self.bytes if self.bytes else None,
            "perplexity_per_token": _exp(self.nats / self.tokens) if self.tokens else None,
            "tokens": self.tokens,
            "bytes": self.bytes,
        }


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


@dataclass(frozen=True, slots=True)
class Row:
    """A dialogue as one stream of ids; `bytes` are those of its replies."""

    ids: list[int]
    scored: list[bool]  # whether the id at this place belongs to R or its <|end|>
    bytes: int


def scored_row(tokenizer: Tokenizer, dialogue: Dialogue) -> Row:
    """A dialogue as one stream; a user turn without an answer at its end is left out."""
    ids: list[int] = []
    scored: list[bool] = []
    size = 0
    for (_, user), (_, bot) in zip(dialogue[::2], dialogue[1::2], strict=False):
        reply = tokenizer.encode(bot)
        prompt = tokenizer.prompt_ids(tokenizer.encode(user))
        ids += [*prompt, *reply, tokenizer.end_id]
        scored += [False] * len(prompt) + [True] * (len(reply) + 1)
        size += len(bot.encode())
    return Row(ids, scored, size)


@torch.inference_mode()
def _likelihood(model: LanguageModel, rows: Sequence[Row]) -> Likelihood:
    """Rows of nearly one length, right-padded: what follows a row's end is never scored."""
    width = max(len(row.ids) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.int64)
    scored = torch.zeros(len(rows), width, dtype=torch.bool)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        scored[index, : len(row.ids)] = torch.tensor(row.scored)
    device = model.embedding.weight.device
    ids, scored = ids.to(device), scored.to(device)
    state: State = model.blank(len(rows))
    nats = 0.0
    for start in range(0, width - 1, WINDOW):
        stop = min(start + WINDOW, width - 1)
        outputs, state = model.hidden(ids[:, start:stop], state)
        wanted = scored[:, start + 1 : stop + 1]
        # Only what is scored goes through the head: it costs more than the layers do.
        nats += _nats(model, outputs[wanted], ids[:, start + 1 : stop + 1][wanted])
    return Likelihood(nats, int(scored.sum()), sum(row.bytes for row in rows))


def _nats(model: LanguageModel, outputs: Tensor, targets: Tensor) -> float:
    total = 0.0
    for part, wanted in zip(outputs.split(2048), targets.split(2048), strict=True):
        loss = functional.cross_entropy(model.logits(part).float(), wanted, reduction="sum")
        total += float(loss)
    return total


def likelihood(
    model: LanguageModel,
    tokenizer: Tokenizer,
    dialogues: Iterable[Dialogue],
    on_rows: Callable[[int], None] | None = None,
) -> Likelihood:
    """Sum over dialogues of (role, text), user first. `on_rows(count)` is told of progress."""
    total = Likelihood()
    pool: list[Row] = []

    def drain() -> None:
        pool.sort(key=lambda row: len(row.ids))
        for start in range(0, len(pool), ROWS):
            rows = pool[start : start + ROWS]
            total.add(_likelihood(model, rows))
            if on_rows is not None:
                on_rows(len(rows))
        pool.clear()

    was_training = model.training
    model.eval()
    try:
        for dialogue in dialogues:
            row = scored_row(tokenizer, dialogue)
            if row.ids:
                pool.append(row)
            if len(pool) >= POOL:
                drain()
        drain()
    finally:
        model.train(was_training)
    return total


def evaluate_perplexity(
    model: LanguageModel,
    tokenizer: Tokenizer,
    sources: Mapping[str, Iterable[Dialogue]],
    on_rows: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """The "perplexity" object of the evaluation: over all sources, and for each by name."""
    total = Likelihood()
    per_source = {}
    for name, dialogues in sources.items():
        part = likelihood(model, tokenizer, dialogues, on_rows)
        total.add(part)
        per_source[name] = part.to_dict()
    return {**total.to_dict(), "per_source": per_source}
