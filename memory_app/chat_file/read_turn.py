"""One turn of a chat's file, read: each field of its type and within its bounds."""

import hashlib
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory_app import protocol
from memory_app.chat_file.content import FileTurn, refused
from memory_app.chat_file.form import ENDED, REPLAYED
from memory_app.core.inspection.memory_change import WITH_DONOR
from memory_app.core.inspection.state_edits import OPERATIONS
from memory_app.core.sampling.settings import MAX_SEED, MAX_TOKENS, Sampling
from memory_app.models import COMMITTED, TurnKind, TurnStatus
from memory_app.refusal import Refused

# Each of the 4,000 characters of a text has at most four bytes, and so at most four ids.
_USER_IDS_MAX = 4 * protocol.TEXT_MAX
# What a replay reads of the parameters of each kind, and what a person is told of them.
_PARAMETERS: dict[str, tuple[str, ...]] = {
    TurnKind.EDIT: tuple(OPERATIONS),
    TurnKind.TRANSPLANT: ("from", "what", "weight", "sha256"),
    TurnKind.BLEND: ("from", "what", "weight", "sha256"),
    TurnKind.MIND_FILE: ("turn", "tokens_seen", "sha256"),
}
# Of these what only tells where a state came from; the others are checked by being applied.
_SHOWN = ("from", "turn", "tokens_seen")
_FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def read_turn(fields: object, number: int, states: dict[str, Any]) -> FileTurn:
    """The turn of one entry of `turns`; `number` counts them from 1.

    Raises:
        Refused: `invalid`.
    """
    if not isinstance(fields, dict):
        raise refused(_("Turn {n} isn’t a valid turn."), number)
    kind = fields.get("kind")
    hold = fields.get("hold")
    if kind not in TurnKind.values or not (hold is None or isinstance(hold, dict)):
        raise refused(_("Turn {n} has a kind that can’t be replayed."), number)
    key, parent, status = fields.get("id"), fields.get("parent"), fields.get("status")
    if not is_name(key) or not (parent is None or is_name(parent)):
        raise refused(_("Turn {n} has no id, or an invalid parent."), number)
    if status not in ENDED:
        raise refused(_("Turn {n} has an invalid final status."), number)
    committed = status in COMMITTED
    if kind != TurnKind.TALK:
        return _change(fields, number, states)
    user_ids = ids_of(fields.get("user_token_ids"), 1, _USER_IDS_MAX)
    reply_ids = ids_of(fields.get("reply_token_ids"), 0, MAX_TOKENS if committed else 0)
    if user_ids is None or reply_ids is None:
        raise refused(_("Turn {n} has token ids that don’t form a turn."), number)
    state = fields.get("state_sha256")
    if (not is_sha256(state)) if committed else (state is not None):
        raise refused(
            _("Turn {n} must have a state hash if it has a state, and none otherwise."), number
        )
    return FileTurn(
        id=str(key),
        parent=parent,
        status=str(status),
        user_text=_text(fields.get("user_text"), number),
        reply_text=_reply(fields.get("reply_text"), number),
        user_token_ids=user_ids,
        reply_token_ids=reply_ids,
        sampling=_sampling(fields, number),
        state_sha256=state,
        created=_moment(fields.get("created"), number),
        parameters=_replayed(fields.get("parameters")),
        hold=hold,
        inherited=fields.get("inherited") is True,
        adapter_sha256=str(fields["adapter_sha256"])
        if is_sha256(fields.get("adapter_sha256"))
        else None,
    )


def _change(fields: dict[str, Any], number: int, states: dict[str, Any]) -> FileTurn:
    """A turn that isn't talk, of which id, parent and status were read."""
    empty = all(
        fields.get(name) == blank
        for name, blank in (
            ("user_text", ""),
            ("reply_text", ""),
            ("user_token_ids", []),
            ("reply_token_ids", []),
        )
    )
    parameters, state = fields.get("parameters"), fields.get("state_sha256")
    if not empty or fields["status"] != TurnStatus.COMPLETE or not isinstance(parameters, dict):
        raise refused(_("Turn {n} isn’t a valid change of the memory."), number)
    if not is_sha256(state):
        raise refused(
            _("Turn {n} must have a state hash if it has a state, and none otherwise."), number
        )
    given = None
    if fields["kind"] in WITH_DONOR:
        given = _state_named(parameters.get("sha256"), states)
        if given is None:
            raise refused(_("Turn {n} needs a memory that the file doesn’t have."), number)
    known = {
        key: parameters[key]
        for key in _PARAMETERS[fields["kind"]]
        if key in parameters and (key not in _SHOWN or is_name(parameters[key]))
    }
    return FileTurn(
        id=str(fields["id"]),
        parent=fields["parent"],
        status=str(fields["status"]),
        user_text="",
        reply_text="",
        user_token_ids=[],
        reply_token_ids=[],
        sampling=None,
        state_sha256=state,
        created=_moment(fields.get("created"), number),
        kind=fields["kind"],
        parameters={**known, **_replayed(parameters)},
        given=given,
        inherited=fields.get("inherited") is True,
    )


def _state_named(sha256: object, states: dict[str, Any]) -> bytes | None:
    """The state of this hash, if the file has it."""
    text = states.get(sha256) if isinstance(sha256, str) else None
    try:
        data = b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        return None
    return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None


def _replayed(parameters: object) -> dict[str, Any]:
    """Which turn was forgotten, and of which turn this is the replay; other keys are left out."""
    if not isinstance(parameters, dict):
        return {}
    return {key: parameters[key] for key in REPLAYED if is_name(parameters.get(key))}


def _text(value: object, number: int) -> str:
    try:
        return protocol.user_text(value)
    except Refused as fault:
        raise refused(_("Turn {n} has a message that this site doesn’t accept."), number) from fault


def _reply(value: object, number: int) -> str:
    if not isinstance(value, str):
        raise refused(_("Turn {n} has no reply text."), number)
    return value


def _sampling(fields: dict[str, Any], number: int) -> Sampling:
    settings, seed = fields.get("sampling"), fields.get("seed")
    sound = isinstance(settings, dict) and type(seed) is int and 0 <= seed <= MAX_SEED
    try:
        if not sound or settings.get("seed", seed) != seed:  # type: ignore[union-attr]
            raise ValueError
        return Sampling.parse({**settings, "seed": seed})  # type: ignore[dict-item]
    except ValueError:  # includes SamplingError
        sentence = _("Turn {n} has invalid sampling settings or an invalid seed.")
        raise refused(sentence, number) from None


def _moment(value: object, number: int) -> datetime:
    """The turn's time; now, where the clock that wrote it was ahead.

    Turns are ordered by their place in the file, so times don't affect the order.
    """
    try:
        moment = datetime.fromisoformat(str(value))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        now = timezone.now()
        # Compared before the conversion, which would overflow at either end of the calendar.
        moment = now if moment > now else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused(_("Turn {n} has no date and time."), number) from None
    if moment < _FIRST_DAY:
        raise refused(_("Turn {n} has no date and time."), number)
    return moment


def is_sha256(value: object) -> bool:
    """Whether this is a hexadecimal SHA-256."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 64


def ids_of(value: object, least: int, most: int) -> list[int] | None:
    if not isinstance(value, list) or not least <= len(value) <= most:
        return None
    # type() and not isinstance(): True is an int to Python but no valid id.
    return value if all(type(item) is int for item in value) else None
