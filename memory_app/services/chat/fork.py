"""A chat that continues from a turn of another chat, with copies of the turns up to it."""

from collections.abc import Iterator
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory_app.core.text.graphemes import cut
from memory_app.models import Chat, SearchChunk, Turn, chunks_of
from memory_app.refusal import Refused
from memory_app.services.chat.branch import way_to
from memory_app.services.chat.guests import may_begin
from memory_app.services.chat.memory import GONE

#: Bounds of a branch that is copied: turns, and bytes of their states.
TURNS_MAX, BYTES_MAX = 2_000, 64 << 20
# Turns that are read and written together; a title's length.
_AT_ONCE, _TITLE = 100, 200
_FIELDS = [field.attname for field in Turn._meta.concrete_fields]


@transaction.atomic
def chat_fork(*, turn: Turn) -> Chat:
    """A new chat of the same owner whose first turns are copies of the branch up to `turn`.

    The copies have ids of their own and everything else of the originals, states and hashes too, so
    that the new chat outlives the other. Texts are copied as they are: nothing is replayed.

    Raises:
        Refused: `invalid` for a turn without a state, `too_long` beyond the bounds, `not_found`
            when the chat was deleted meanwhile, `quota`.
    """
    # Held, so that a purge comes before or after.
    source = Chat.objects.select_for_update().filter(pk=turn.chat_id, deleted=None).first()
    if source is None:
        raise Refused("not_found", GONE)
    may_begin(source.owner)
    if not turn.is_committed:
        raise Refused("invalid", _("This turn has no memory to go on from."))
    path, _start = way_to(turn.pk, dict(source.turns.values_list("pk", "parent_id")))
    if len(path) > TURNS_MAX or len(path) * source.checkpoint.state_bytes > BYTES_MAX:
        raise Refused("too_long", _("This branch is too long to be forked."))
    chat = Chat.objects.create(
        owner_id=source.owner_id,
        checkpoint_id=source.checkpoint_id,
        title=_forked_title(source.title),
        forked_from_id=turn.pk,
    )
    keys = {key: uuid4() for key in path}
    texts: list[tuple[int, str]] = []
    for copies in _copies(chat, path, keys):
        Turn.objects.bulk_create(copies)
        texts += [
            (row.position, text) for row in copies for text in (row.user_text, row.reply_text)
        ]
    SearchChunk.objects.store(chunks_of(chat.pk, texts))
    chat.head_id = keys[turn.pk]
    Chat.objects.filter(pk=chat.pk).update(head_id=chat.head_id)
    return chat


def _copies(chat: Chat, path: list[UUID], keys: dict[UUID, UUID]) -> Iterator[list[Turn]]:
    """Unsaved copies, parents first, a few at a time."""
    for start in range(0, len(path), _AT_ONCE):
        part = path[start : start + _AT_ONCE]
        rows = Turn.objects.in_bulk(part)
        yield [_copy(rows[key], chat, keys, at) for at, key in enumerate(part, start + 1)]


def _copy(row: Turn, chat: Chat, keys: dict[UUID, UUID], position: int) -> Turn:
    fields = {name: getattr(row, name) for name in _FIELDS}
    return Turn(
        **fields
        | {
            "id": keys[row.pk],
            "chat_id": chat.pk,
            "parent_id": keys[row.parent_id] if row.parent_id else None,
            "position": position,
            "client_turn_id": uuid4(),
            "inherited": True,
            "process": "",
            "heartbeat": None,
            "stop_requested": False,
        }
    )


def _forked_title(title: str) -> str:
    """The title behind "Fork:", once: at its end a list of chats would cut the mark off."""
    words = gettext("Fork: {title}")
    mark = words.format(title="")
    if title.startswith(mark):
        return title
    room = _TITLE - len(mark)
    return words.format(title=cut(title, room, characters=room, mark="…")).strip()
