"""The wire format of the socket: a TypedDict per message, both directions."""

import json
import re
from collections.abc import Callable
from typing import Any, Literal, NotRequired, TypedDict, cast
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from memory_app.refusal import ErrorCode, Refused
from memory_app.reply_events import (
    ChatEvent,
    Gates,
    MemoryChanged,
    ReplyFinished,
    ReplyQueued,
    ReplyStarted,
    ReplyToken,
    ReplyUnstored,
)

#: Bytes of UTF-8 in one frame, and code points in one user text.
FRAME_MAX, TEXT_MAX = 64 * 1024, 4000

# ---- the client sends


class TurnSend(TypedDict):
    type: Literal["turn.send"]
    client_turn_id: UUID
    text: str
    sampling: NotRequired[dict[str, Any] | None]
    hold: NotRequired[dict[str, Any] | None]


class TurnStop(TypedDict):
    type: Literal["turn.stop"]
    turn: UUID


class TurnRegenerate(TypedDict):
    type: Literal["turn.regenerate"]
    client_turn_id: UUID
    turn: UUID
    sampling: NotRequired[dict[str, Any] | None]
    hold: NotRequired[dict[str, Any] | None]


class TurnEdit(TypedDict):
    type: Literal["turn.edit"]
    client_turn_id: UUID
    turn: UUID
    text: str
    sampling: NotRequired[dict[str, Any] | None]
    hold: NotRequired[dict[str, Any] | None]


class MemoryGoto(TypedDict):
    type: Literal["memory.goto"]
    turn: UUID | None
    keep: NotRequired[bool]


class MemoryForget(TypedDict):
    type: Literal["memory.forget"]
    client_turn_id: UUID
    turn: UUID


class MemorySet(TypedDict):
    type: Literal["memory.set"]
    client_turn_id: UUID
    turn: UUID | None
    # One of them; core/inspection/state_edits.py checks the entries by the chat's model.
    set: NotRequired[list[Any]]
    scale: NotRequired[list[Any]]
    clamp: NotRequired[list[Any]]


MemoryTransplant = TypedDict(
    "MemoryTransplant",
    {
        "type": Literal["memory.transplant"],
        "client_turn_id": UUID,
        "turn": UUID | None,
        "from": UUID,
        "what": list[Any],
        "weight": NotRequired[float],
    },
)


class StreamResume(TypedDict):
    type: Literal["stream.resume"]
    turn: UUID
    after: int


class Ping(TypedDict):
    type: Literal["ping"]


ClientMessage = (
    TurnSend
    | TurnStop
    | TurnRegenerate
    | TurnEdit
    | MemoryGoto
    | MemoryForget
    | MemorySet
    | MemoryTransplant
    | StreamResume
    | Ping
)

# ---- the server sends


class ChatReady(TypedDict):
    type: Literal["chat.ready"]
    chat: str
    head: str | None
    running: str | None
    checkpoint: dict[str, Any]


class TurnStarted(TypedDict):
    type: Literal["turn.started"]
    turn: str
    client_turn_id: str
    parent: str | None
    seed: int


class TurnToken(TypedDict):
    type: Literal["turn.token"]
    turn: str
    seq: int
    text: str
    token_id: int
    logprob: float
    gates: Gates


class TurnQueued(TypedDict):
    type: Literal["turn.queued"]
    turn: str
    ahead: int


class TurnFinished(TypedDict):
    type: Literal["turn.finished"]
    turn: str
    client_turn_id: str
    status: str
    reply_text: str
    reply_tokens: int
    state_sha256: str | None
    cut_by: str | None
    fixed: NotRequired[bool]


class TurnUnstored(TypedDict):
    type: Literal["turn.unstored"]
    turn: str


class MemoryMoved(TypedDict):
    type: Literal["memory.changed"]
    head: str | None
    turns: list[str]


class Limits(TypedDict):
    type: Literal["limits"]
    messages: dict[str, Any]


class Error(TypedDict):
    type: Literal["error"]
    code: ErrorCode
    detail: str
    until: NotRequired[str]
    client_turn_id: NotRequired[str]


class Pong(TypedDict):
    type: Literal["pong"]


ServerMessage = (
    ChatReady
    | TurnStarted
    | TurnQueued
    | TurnToken
    | TurnFinished
    | TurnUnstored
    | MemoryMoved
    | Limits
    | Error
    | Pong
)

# ---- reading what a client sent

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def _uuid(value: object) -> UUID:
    # UUID() alone would take braces, urn: and digits without hyphens too: one spelling an id.
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise Refused("invalid", _("An id must be a UUID."))
    return UUID(value)


def _uuid_or_null(value: object) -> UUID | None:
    return None if value is None else _uuid(value)


def user_text(value: object) -> str:
    """A valid user text: 1 to 4,000 code points that can be stored."""
    if not isinstance(value, str) or value == "":
        raise Refused("invalid", _("A message must have a text."))
    if len(value) > TEXT_MAX:
        raise Refused("too_long", _("A message may have at most 4,000 characters."))
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise Refused("invalid", _("The text contains a character that can't be stored."))
    return value


def _sampling(value: object) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise Refused("invalid", _("The sampling settings must be an object."))
    return value


def _seq(value: object) -> int:
    if type(value) is not int or not -1 <= value < 2**31:
        raise Refused("invalid", _("“after” must be the last number received, or −1."))
    return value


def _entries(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Refused("invalid", _("The places in the memory must be a list."))
    return value


def _weight(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        raise Refused("invalid", _("The weight must be a number from 0 to 1."))
    return float(value)  # type: ignore[arg-type]


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused("invalid", _("“keep” must be true or false."))
    return value


def _hold(value: object) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise Refused("invalid", _("The held gates must be an object."))
    return value


#: What `memory.set` can do; a message has one of them.
CHANGES = ("set", "scale", "clamp")
_TURN_ID = ("client_turn_id", _uuid, True)
_SAMPLING = ("sampling", _sampling, False)
_HOLD = ("hold", _hold, False)
_FIELDS: dict[str, list[tuple[str, Callable[[object], Any], bool]]] = {
    "turn.send": [_TURN_ID, ("text", user_text, True), _SAMPLING, _HOLD],
    "turn.stop": [("turn", _uuid, True)],
    "turn.regenerate": [_TURN_ID, ("turn", _uuid, True), _SAMPLING, _HOLD],
    "turn.edit": [_TURN_ID, ("turn", _uuid, True), ("text", user_text, True), _SAMPLING, _HOLD],
    "memory.goto": [("turn", _uuid_or_null, True), ("keep", _flag, False)],
    "memory.forget": [_TURN_ID, ("turn", _uuid, True)],
    "memory.set": [
        _TURN_ID,
        ("turn", _uuid_or_null, True),
        *((name, _entries, False) for name in CHANGES),
    ],
    "memory.transplant": [
        _TURN_ID,
        ("turn", _uuid_or_null, True),
        ("from", _uuid, True),
        ("what", _entries, True),
        ("weight", _weight, False),
    ],
    "stream.resume": [("turn", _uuid, True), ("after", _seq, True)],
    "ping": [],
}
#: Every message that a client may send; each has a row in policy.py.
CLIENT_TYPES = tuple(_FIELDS)


def parse(frame: str | None) -> ClientMessage:
    """Parse a text frame (None: the frame was binary).

    Raises:
        Refused: for everything that isn't exactly a message; no other exception.
    """
    if frame is None:
        raise Refused("invalid", _("Messages must be JSON text, not binary."))
    if len(frame) > FRAME_MAX or len(frame.encode("utf-8", "surrogatepass")) > FRAME_MAX:
        raise Refused("too_long", _("A message may have at most 64 KiB."))
    nan = False

    def constant(name: str) -> None:
        nonlocal nan
        nan = True

    try:
        # ValueError: no JSON, or a number of thousands of digits; RecursionError: too deep.
        data = json.loads(frame, parse_constant=constant)
    except (ValueError, RecursionError):
        raise Refused("invalid", _("The message isn't JSON.")) from None
    if not isinstance(data, dict):
        raise Refused("invalid", _("A message must be a JSON object."))
    client_turn_id = data.get("client_turn_id")
    known = None
    if isinstance(client_turn_id, str) and _UUID.fullmatch(client_turn_id):
        known = UUID(client_turn_id)
    if nan:
        raise Refused("invalid", _("NaN and Infinity aren't JSON."), known)
    try:
        return _message(data)
    except Refused as refused:
        refused.client_turn_id = known
        raise


def _message(data: dict[str, Any]) -> ClientMessage:
    kind = data.get("type")
    if not isinstance(kind, str):
        raise Refused("invalid", _("A message must have a type."))
    if kind not in _FIELDS:
        raise Refused("unknown_type", _("Unknown message type."))
    message: dict[str, Any] = {"type": kind}
    for name, read, required in _FIELDS[kind]:
        if name in data:
            message[name] = read(data[name])
        elif required:
            raise Refused("invalid", _("The message lacks a required field."))
    return cast("ClientMessage", message)


# ---- what the server sends, from events


def message_of(event: ChatEvent) -> ServerMessage:
    """The message that reports an event."""
    match event:
        case ReplyStarted():
            return {
                "type": "turn.started",
                "turn": str(event.turn),
                "client_turn_id": str(event.client_turn_id),
                "parent": str(event.parent) if event.parent else None,
                "seed": event.seed,
            }
        case ReplyToken():
            return {
                "type": "turn.token",
                "turn": str(event.turn),
                "seq": event.seq,
                "text": event.text,
                "token_id": event.token_id,
                "logprob": event.logprob,
                "gates": event.gates,
            }
        case ReplyQueued():
            return {"type": "turn.queued", "turn": str(event.turn), "ahead": event.ahead}
        case ReplyUnstored():
            return {"type": "turn.unstored", "turn": str(event.turn)}
        case ReplyFinished():
            finished: TurnFinished = {
                "type": "turn.finished",
                "turn": str(event.turn),
                "client_turn_id": str(event.client_turn_id),
                "status": event.status,
                "reply_text": event.reply_text,
                "reply_tokens": event.reply_tokens,
                "state_sha256": event.state_sha256,
                "cut_by": event.cut_by,
            }
            if event.is_fixed:
                finished["fixed"] = True
            return finished
        case MemoryChanged():
            head = str(event.head) if event.head else None
            return {"type": "memory.changed", "head": head, "turns": [*map(str, event.turns)]}


def error_of(refused: Refused) -> Error:
    """The answer to a refused message, in the active language."""
    message: Error = {"type": "error", "code": refused.code, "detail": str(refused.detail)}
    if refused.until is not None:
        message["until"] = refused.until.isoformat(timespec="seconds")
    if refused.client_turn_id is not None:
        message["client_turn_id"] = str(refused.client_turn_id)
    return message


def encode(message: ServerMessage) -> str:
    """One message as the text of a frame."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
