"""A mind file becomes a turn: the memory of another chat, or of another site, goes on here."""

from uuid import UUID, uuid4

from django.utils.translation import gettext_lazy as _

from memory_app.core.model.state import (
    MOST_HEADER,
    STATE_FORMAT_VERSION,
    State,
    StateError,
    mind_file_metadata,
)
from memory_app.models import Chat, TurnKind
from memory_app.refusal import Refused
from memory_app.services.chat.memory_change import Changed, change_store
from memory_app.translate_messages import in_words_later

#: Characters of a value of the file's metadata that the turn keeps.
_LONGEST = 64


def mind_file_most(*, chat: Chat) -> int:
    """Bytes that a mind file of this chat's model can have."""
    return chat.checkpoint.state_bytes + MOST_HEADER


def memory_load(*, chat: Chat, data: bytes, client_turn_id: UUID | None = None) -> Changed:
    """A `mind_file` turn at the head, from a state.safetensors (docs/protocol.md).

    Raises:
        Refused: `too_long`; `invalid` for other weights, another shape, or values that aren't
            finite; `busy`, `not_found`, `unavailable`.
    """
    if len(data) > mind_file_most(chat=chat):
        raise Refused("too_long", _("The file is larger than a memory of this model can be."))
    try:
        metadata = mind_file_metadata(data)
        _check_metadata(metadata, chat.checkpoint.sha256)
        given = State.from_safetensors(data, chat.checkpoint.model_config)
    except StateError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault
    kept = {
        name: metadata[name]
        for name in ("turn", "tokens_seen")
        if 1 <= len(metadata.get(name, "")) <= _LONGEST and metadata[name].isprintable()
    }
    return change_store(
        chat=chat,
        client_turn_id=client_turn_id or uuid4(),
        parent=lambda row: row.head_id,
        kind=TurnKind.MIND_FILE,
        parameters={**kept, "sha256": given.sha256()},
        given=given,
    )


def _check_metadata(metadata: dict[str, str], sha256: str) -> None:
    if "checkpoint_sha256" not in metadata or "format_version" not in metadata:
        raise Refused("invalid", _("The file isn’t a memory downloaded from this site."))
    if metadata["format_version"] != STATE_FORMAT_VERSION:
        raise Refused("invalid", _("The file has a newer format than this site supports."))
    if metadata["checkpoint_sha256"] != sha256:
        raise Refused(
            "invalid", _("This memory belongs to another model, so this chat can’t use it.")
        )
