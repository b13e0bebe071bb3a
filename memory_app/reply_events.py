"""What happens in a reply and to a chat's memory, as typed values; protocol.py encodes them."""

from dataclasses import dataclass
from uuid import UUID

from memory_app.models import Turn

Gates = list[list[float]]  # a list a layer: the means of its strip gates over its units


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    turn: UUID
    client_turn_id: UUID
    parent: UUID | None
    seed: int

    @classmethod
    def of(cls, turn: Turn) -> "ReplyStarted":
        return cls(turn.pk, turn.client_turn_id, turn.parent_id, turn.seed)


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """One token; `text` is empty while a character's bytes are incomplete."""

    turn: UUID
    seq: int
    text: str
    token_id: int
    logprob: float
    gates: Gates


@dataclass(frozen=True, slots=True)
class ReplyQueued:
    """The message waits to be read; `ahead` are read before it."""

    turn: UUID
    ahead: int


@dataclass(frozen=True, slots=True)
class ReplyUnstored:
    """The reply has ended but couldn't be stored yet; storing is retried."""

    turn: UUID


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """The turn's row at its end, whatever its status; the last event of a reply."""

    turn: UUID
    client_turn_id: UUID
    status: str
    reply_text: str
    reply_tokens: int
    state_sha256: str | None
    cut_by: str | None
    # The answer isn't the model's.
    is_fixed: bool = False

    @classmethod
    def of(cls, turn: Turn) -> "ReplyFinished":
        return cls(
            turn=turn.pk,
            client_turn_id=turn.client_turn_id,
            status=str(turn.status),
            reply_text=turn.reply_text,
            reply_tokens=len(turn.reply_token_ids),
            state_sha256=turn.state_sha256,
            cut_by=turn.cut_by,
            is_fixed="fixed" in turn.parameters,
        )


@dataclass(frozen=True, slots=True)
class MemoryChanged:
    """The chat's head moved, to one of the new turns where there are any."""

    head: UUID | None
    turns: tuple[UUID, ...] = ()


ReplyEvent = ReplyQueued | ReplyToken | ReplyUnstored | ReplyFinished
ChatEvent = ReplyStarted | ReplyEvent | MemoryChanged
