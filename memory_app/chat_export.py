"""A chat as a file: its whole tree, written so that any site can read it, and read as untrusted.

The ids are the record. A file whose texts differ from its ids is refused, since the reader would
see another text than the model; states are replayed, never taken from the file.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app import protocol
from memory_app.core.sampling.settings import MAX_SEED, MAX_TOKENS, Sampling
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.models import COMMITTED, Chat, Turn, TurnKind, TurnStatus
from memory_app.refusal import Refused

FORMAT, VERSION = "gatescope.chat", 1
#: Bounds of a file: bytes, turns of the tree, token ids in all (they are replayed).
BYTES_MAX, TURNS_MAX, TOKENS_MAX = 4 * 2**20, 2_000, 40_000
# Each of the 4,000 characters of a text has at most four bytes, and so at most four ids.
_USER_IDS_MAX = 4 * protocol.TEXT_MAX
_ENDED = (*COMMITTED, TurnStatus.INTERRUPTED, TurnStatus.FAILED)
_FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


# ---- written


def turn_entry(turn: Turn) -> dict[str, Any]:
    """One turn as turns.json and a chat's file contain it."""
    return {
        "id": str(turn.pk),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "kind": turn.kind,
        "client_turn_id": str(turn.client_turn_id),
        "status": turn.status,
        "user_text": turn.user_text,
        "reply_text": turn.reply_text,
        "user_token_ids": turn.user_token_ids,
        "reply_token_ids": turn.reply_token_ids,
        "seed": turn.seed,
        "sampling": turn.sampling,
        "state_sha256": turn.state_sha256,
        "created": turn.created.isoformat(),
    }


def document(chat: Chat, turns: Iterable[Turn]) -> dict[str, Any]:
    """The whole chat without a turn that still runs."""
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "chat": str(chat.pk),
        "title": chat.title,
        "created": chat.created.isoformat(),
        "checkpoint": chat.checkpoint.to_client(),
        "head": str(chat.head_id) if chat.head_id else None,
        "turns": [turn_entry(turn) for turn in turns if turn.status in _ENDED],
    }


# ---- read


@dataclass(frozen=True, slots=True)
class FileTurn:
    """One turn of a file; `id` and `parent` are the file's own and mean nothing here."""

    id: str
    parent: str | None
    status: str
    user_text: str
    reply_text: str
    user_token_ids: list[int]
    reply_token_ids: list[int]
    sampling: Sampling
    state_sha256: str | None
    created: datetime

    @property
    def is_committed(self) -> bool:
        return self.status in COMMITTED

    @property
    def tokens(self) -> int:
        return len(self.user_token_ids) + len(self.reply_token_ids) + 4


@dataclass(frozen=True, slots=True)
class ChatFile:
    """A file's content, each part valid by itself; `check` compares it with a tokenizer."""

    title: str
    checkpoint_sha256: str
    head: str | None
    turns: list[FileTurn]

    @property
    def tokens(self) -> int:
        """The number of tokens that a replay of the whole tree feeds."""
        return sum(turn.tokens for turn in self.turns if turn.is_committed)

    def check(self, tokenizer: Tokenizer) -> None:
        """Check that each id is allowed in its place, and that each text is what its ids decode to.

        Raises:
            Refused: `invalid`.
        """
        for number, turn in enumerate(self.turns, 1):
            _check_ids(turn, number, tokenizer)
            decoded = tokenizer.decode(turn.user_token_ids)
            if (
                decoded != turn.user_text
                and tokenizer.encode(turn.user_text) != turn.user_token_ids
            ):
                raise _refused(_("Turn {n}: the message doesn’t match its token ids."), number)
            if spoken(tokenizer, turn.reply_token_ids) != turn.reply_text:
                raise _refused(_("Turn {n}: the reply doesn’t match its token ids."), number)


def spoken(tokenizer: Tokenizer, reply_ids: Sequence[int]) -> str:
    """The text of a reply as it is sent and stored: whole characters without NUL."""
    stream = tokenizer.stream()
    return "".join(stream.push(token_id) for token_id in reply_ids).replace("\0", "\ufffd")


def _refused(sentence: str | Promise, number: int) -> Refused:
    return Refused("invalid", format_lazy(sentence, n=number))  # type: ignore[arg-type]


def _check_ids(turn: FileTurn, number: int, tokenizer: Tokenizer) -> None:
    for token_id in (*turn.user_token_ids, *turn.reply_token_ids):
        if not 0 <= token_id < tokenizer.vocab_size or token_id in tokenizer.special_ids:
            raise _refused(_("Turn {n} has a token id that can’t occur in text."), number)


def read(data: bytes) -> ChatFile:
    """Parse a chat from a file's bytes.

    Raises:
        Refused: for everything that isn't exactly such a file; no other exception.
    """
    if len(data) > BYTES_MAX:
        raise Refused("too_long", _("The file is larger than 4 MiB, the limit for a chat."))
    try:
        # ValueError: no UTF-8, no JSON, or a number of thousands of digits.
        parsed = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("invalid", _("The file isn’t JSON.")) from None
    if not isinstance(parsed, dict) or parsed.get("format") != FORMAT:
        raise Refused("invalid", _("The file isn’t a chat downloaded from this site."))
    if type(parsed.get("format_version")) is not int or parsed["format_version"] < 1:
        raise Refused("invalid", _("The file isn’t a chat downloaded from this site."))
    if parsed["format_version"] > VERSION:
        raise Refused("invalid", _("The file has a newer format than this site supports."))
    checkpoint, title, turns = parsed.get("checkpoint"), parsed.get("title"), parsed.get("turns")
    sha256 = checkpoint.get("sha256") if isinstance(checkpoint, dict) else None
    if not _is_sha256(sha256):
        raise Refused("invalid", _("The file doesn’t name the chat’s checkpoint."))
    if not isinstance(title, str) or not isinstance(turns, list):
        raise Refused("invalid", _("The file has no title or no turns."))
    if len(turns) > TURNS_MAX:
        raise Refused("too_long", _("The chat has more than 2,000 turns."))
    return ChatFile(title, str(sha256), *_tree(parsed.get("head"), turns))


def _tree(head: object, entries: list[object]) -> tuple[str | None, list[FileTurn]]:
    """The turns, each after its parent, so that there is no cycle; and the head among them."""
    turns: dict[str, FileTurn] = {}
    tokens = 0
    for number, entry in enumerate(entries, 1):
        turn = _turn(entry, number)
        if turn.id in turns:
            raise _refused(_("Turn {n} has the same id as an earlier turn."), number)
        tokens += turn.tokens
        if tokens > TOKENS_MAX:
            raise Refused("too_long", _("The chat has more than 40,000 tokens to replay."))
        turns[turn.id] = turn
    for number, turn in enumerate(turns.values(), 1):
        parent = turns.get(turn.parent) if turn.parent is not None else None
        if turn.parent is not None and (parent is None or not parent.is_committed):
            raise _refused(_("Turn {n} has no parent in the file that has a memory."), number)
    if head is not None:
        at = turns.get(head) if isinstance(head, str) else None
        if at is None or not at.is_committed:
            raise Refused("invalid", _("The head isn’t a turn of this chat with a memory."))
    return (str(head) if head is not None else None), _parents_first(list(turns.values()))


def _parents_first(turns: list[FileTurn]) -> list[FileTurn]:
    """The same turns in the file's order, but each after its parent.

    Older versions ordered them by time: where the clock had been set back, a child preceded its
    parent.
    """
    children: dict[str | None, list[int]] = defaultdict(list)
    for at, turn in enumerate(turns):
        children[turn.parent].append(at)
    ready = children[None]  # a heap, since it is sorted
    ordered: list[FileTurn] = []
    while ready:
        turn = turns[heappop(ready)]
        ordered.append(turn)
        for at in children[turn.id]:
            heappush(ready, at)
    if len(ordered) < len(turns):
        kept = {turn.id for turn in ordered}
        circular = next(at for at, turn in enumerate(turns, 1) if turn.id not in kept)
        raise _refused(_("Turn {n} comes after itself."), circular)
    return ordered


def _turn(fields: object, number: int) -> FileTurn:
    if not isinstance(fields, dict):
        raise _refused(_("Turn {n} isn’t a valid turn."), number)
    if fields.get("kind") != TurnKind.TALK or fields.get("hold"):
        raise _refused(_("Turn {n} has a kind that can’t be replayed."), number)
    key, parent, status = fields.get("id"), fields.get("parent"), fields.get("status")
    if not _is_name(key) or not (parent is None or _is_name(parent)):
        raise _refused(_("Turn {n} has no id, or an invalid parent."), number)
    if status not in _ENDED:
        raise _refused(_("Turn {n} has an invalid final status."), number)
    committed = status in COMMITTED
    user_ids = _ids(fields.get("user_token_ids"), 1, _USER_IDS_MAX)
    reply_ids = _ids(fields.get("reply_token_ids"), 0, MAX_TOKENS if committed else 0)
    if user_ids is None or reply_ids is None:
        raise _refused(_("Turn {n} has token ids that don’t form a turn."), number)
    state = fields.get("state_sha256")
    if (not _is_sha256(state)) if committed else (state is not None):
        raise _refused(
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
    )


def _text(value: object, number: int) -> str:
    try:
        return protocol.user_text(value)
    except Refused as refused:
        raise _refused(
            _("Turn {n} has a message that this site doesn’t accept."), number
        ) from refused


def _reply(value: object, number: int) -> str:
    if not isinstance(value, str):
        raise _refused(_("Turn {n} has no reply text."), number)
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
        raise _refused(sentence, number) from None


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
        raise _refused(_("Turn {n} has no date and time."), number) from None
    if moment < _FIRST_DAY:
        raise _refused(_("Turn {n} has no date and time."), number)
    return moment


def _no_number(name: str) -> None:
    raise ValueError(f"{name} isn't JSON.")


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 64


def _ids(value: object, least: int, most: int) -> list[int] | None:
    if not isinstance(value, list) or not least <= len(value) <= most:
        return None
    # type() and not isinstance(): True is an int to Python but no valid id.
    return value if all(type(item) is int for item in value) else None
