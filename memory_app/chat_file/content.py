"""What was read from a chat's file, and whether it fits a tokenizer and a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app.core.cells.hold import HoldError, parse_hold
from memory_app.core.inspection.memory_change import changed
from memory_app.core.inspection.state_edits import StateEditError
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State, StateError
from memory_app.core.sampling.settings import Sampling
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.models import COMMITTED, TurnKind
from memory_app.refusal import Refused


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
    # None for a turn that isn't talk: nothing was drawn.
    sampling: Sampling | None
    state_sha256: str | None
    created: datetime
    kind: str = TurnKind.TALK
    parameters: dict[str, Any] = field(default_factory=dict)
    # The other state of a transplant, blend or mind file.
    given: bytes | None = None
    # Gates that were held, as JSON has them; `check` compares them with the model.
    hold: dict[str, Any] | None = None
    inherited: bool = False
    # The long-term memory that it was spoken with, if any; the file doesn't contain it.
    adapter_sha256: str | None = None

    @property
    def is_talk(self) -> bool:
        return self.kind == TurnKind.TALK

    @property
    def is_committed(self) -> bool:
        return self.status in COMMITTED

    @property
    def tokens(self) -> int:
        return len(self.user_token_ids) + len(self.reply_token_ids) + 4 if self.is_talk else 0


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

    def check(self, tokenizer: Tokenizer, config: ModelConfig) -> None:
        """Check that each id is allowed in its place, that each text is what its ids decode to, and
        that each change of the memory fits the model.

        Raises:
            Refused: `invalid`.
        """
        for number, turn in enumerate(self.turns, 1):
            if not turn.is_talk:
                _check_change(turn, number, config)
                continue
            try:
                parse_hold(turn.hold, config.kind, config)
            except HoldError as fault:
                raise refused(_("Turn {n} holds gates that can’t be held."), number) from fault
            _check_ids(turn, number, tokenizer)
            if not message_fits(tokenizer, turn.user_text, turn.user_token_ids):
                raise refused(_("Turn {n}: the message doesn’t match its token ids."), number)
            if spoken(tokenizer, turn.reply_token_ids) != turn.reply_text:
                raise refused(_("Turn {n}: the reply doesn’t match its token ids."), number)


def _check_change(turn: FileTurn, number: int, config: ModelConfig) -> None:
    try:
        given = State.from_bytes(turn.given, config) if turn.given is not None else None
        changed(State.zeros(config), turn.kind, turn.parameters, given, config)
    except (StateError, StateEditError) as fault:
        raise refused(
            _("Turn {n} has a change of the memory that can’t be applied."), number
        ) from fault


def spoken(tokenizer: Tokenizer, reply_ids: Sequence[int]) -> str:
    """The text of a reply as it is sent and stored: whole characters without NUL."""
    stream = tokenizer.stream()
    return "".join(stream.push(token_id) for token_id in reply_ids).replace("\0", "\ufffd")


def message_fits(tokenizer: Tokenizer, text: str, ids: list[int]) -> bool:
    """Whether these are the ids of a message's text."""
    return tokenizer.decode(ids) == text or tokenizer.encode(text) == ids


def refused(sentence: str | Promise, number: int) -> Refused:
    """The refusal of turn `number` by a sentence with {n}."""
    return Refused("invalid", format_lazy(sentence, n=number))  # type: ignore[arg-type]


def _check_ids(turn: FileTurn, number: int, tokenizer: Tokenizer) -> None:
    for token_id in (*turn.user_token_ids, *turn.reply_token_ids):
        if not 0 <= token_id < tokenizer.vocab_size or token_id in tokenizer.special_ids:
            raise refused(_("Turn {n} has a token id that can’t occur in text."), number)
