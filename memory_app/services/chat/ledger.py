"""What a chat's memory is made of, by turn; computed on demand and cached for each head."""

from dataclasses import dataclass
from uuid import UUID

import torch

from memory_app import runtime
from memory_app.core.inspection.ledger import LayerLedger, layer_ledger
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State
from memory_app.models import Chat
from memory_app.services.chat.branch import branch_of
from memory_app.services.chat.memory import chat_model, state_after
from memory_app.services.chat.turn_books import books_prepare, turn_changes


@dataclass(frozen=True, slots=True)
class ChatLedger:
    """Of the turns of a branch what each layer's memory has of them."""

    turns: list[UUID]
    names: list[str]
    layers: list[LayerLedger]

    @property
    def size(self) -> int:
        """Bytes."""
        return 64 * len(self.turns) + sum(layer.size for layer in self.layers)


def chat_ledger(*, chat: Chat) -> ChatLedger | None:
    """The ledger of the head's branch; None where the cell's memory is no sum over tokens.

    Raises:
        Refused: `unavailable`, when the model or a state on the way can't be used.
    """
    model = chat_model(sha256=chat.checkpoint.sha256)
    config = model.model.config
    if not config.kind.has_ledger:
        return None
    head = chat.head

    def make() -> ChatLedger:
        turns = branch_of(chat=chat, last=head)
        ends = [State.zeros(config), state_after(turn=head, checkpoint=chat.checkpoint)]
        books_prepare(turns=turns, model=model)
        books = [turn_changes(turn=turn, model=model) for turn in turns]
        layers = []
        for layer in range(config.num_layers):
            start, after = (_entries(config, layer, state) for state in ends)
            layers.append(layer_ledger(start, (book.layers[layer] for book in books), after))
        return ChatLedger([turn.pk for turn in turns], layer_names(config), layers)

    key = ("ledger", chat.pk, head.pk if head else None, head.state_sha256 if head else None)
    return runtime.get_traces().get(key, make)


def layer_names(config: ModelConfig) -> list[str]:
    """Each layer by its number, from 1; those with a matrix memory are numbered as blocks."""
    names, numbers = [], {"layer": 0, "block": 0}
    for layer in range(config.num_layers):
        kind = "block" if config.memory_of(layer).matrix else "layer"
        numbers[kind] += 1
        names.append(f"{kind} {numbers[kind]}")
    return names


def _entries(config: ModelConfig, layer: int, state: State) -> torch.Tensor:
    parts = {name: part[0] for name, part in state.layers[layer].items()}
    return config.kind.memory_entries(config, layer, parts)
