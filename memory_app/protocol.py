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


class TurnStop(TypedDict):
    type: Literal["turn.stop"]
    turn: UUID


class TurnRegenerate(TypedDict):
    type: Literal["turn.regenerate"]
    client_turn_id: UUID
    turn: UUID
    sampling: NotRequired[dict[str, Any] | None]


class TurnEdit(TypedDict):
    type: Literal["turn.edit"]
    client_turn_id: UUID
    turn: UUID
    text: str
    sampling: NotRequired[dict[str, Any] | None]


class MemoryGoto(TypedDict):
    type: Literal["memory.goto"]
    turn: UUID | None


class StreamResume(TypedDict):
    type: Literal["stream.resume"]
    turn: UUID
    after: int


class Ping(TypedDict):
    type: Literal["ping"]


ClientMessage = TurnSend | TurnStop | TurnRegenerate | TurnEdit | MemoryGoto | StreamResume | Ping

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


class TurnFinished(TypedDict):
    type: Literal["turn.finished"]
    turn: str
    client_turn_id: str
    status: str
    reply_text: str
    reply_tokens: int
    state_sha256: str | None
    cut_by: str | None


class TurnUnstored(TypedDict):
    type: Literal["turn.unstored"]
    turn: str


class MemoryMoved(TypedDict):
    type: Literal["memory.changed"]
    head: str | None
    turns: list[str]


class Error(TypedDict):
    type: Literal["error"]
    code: ErrorCode
    detail: str
    client_turn_id: NotRequired[str]


class Pong(TypedDict):
    type: Literal["pong"]


ServerMessage = (
    ChatReady | TurnStarted | TurnToken | TurnFinished | TurnUnstored | MemoryMoved | Error | Pong
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


def _not_yet(value: object) -> None:
    raise Refused("invalid", _("Holding gates is not supported yet."))


_TURN_ID = ("client_turn_id", _uuid, True)
_SAMPLING = ("sampling", _sampling, False)
_FIELDS: dict[str, list[tuple[str, Callable[[object], Any], bool]]] = {
    "turn.send": [_TURN_ID, ("text", user_text, True), _SAMPLING, ("hold", _not_yet, False)],
    "turn.stop": [("turn", _uuid, True)],
    "turn.regenerate": [_TURN_ID, ("turn", _uuid, True), _SAMPLING],
    "turn.edit": [_TURN_ID, ("turn", _uuid, True), ("text", user_text, True), _SAMPLING],
    "memory.goto": [("turn", _uuid_or_null, True)],
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
        case ReplyUnstored():
            return {"type": "turn.unstored", "turn": str(event.turn)}
        case ReplyFinished():
            return {
                "type": "turn.finished",
                "turn": str(event.turn),
                "client_turn_id": str(event.client_turn_id),
                "status": event.status,
                "reply_text": event.reply_text,
                "reply_tokens": event.reply_tokens,
                "state_sha256": event.state_sha256,
                "cut_by": event.cut_by,
            }
        case MemoryChanged():
            head = str(event.head) if event.head else None
            return {"type": "memory.changed", "head": head, "turns": []}


def error_of(refused: Refused) -> Error:
    """The answer to a refused message, in the active language."""
    message: Error = {"type": "error", "code": refused.code, "detail": str(refused.detail)}
    if refused.client_turn_id is not None:
        message["client_turn_id"] = str(refused.client_turn_id)
    return message


def encode(message: ServerMessage) -> str:
    """One message as the text of a frame."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
