"""A chat from a file: read, replayed on its checkpoint, and then stored, all or nothing.

A short chat is replayed in the request. A longer one becomes a ChatImport row, which the worker
replays (services/chat/import_queue.py).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app.chat_file.content import ChatFile, FileTurn
from memory_app.chat_file.form import REPLAYED
from memory_app.chat_file.read import read
from memory_app.core.cells.hold import parse_hold
from memory_app.core.cpu import fingerprint
from memory_app.core.inspection.memory_change import changed
from memory_app.core.inspection.state_edits import StateEditError
from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.model.replay import configure_process, replay
from memory_app.core.model.state import State
from memory_app.core.text.graphemes import name_of
from memory_app.models import Chat, Checkpoint, Person, SearchChunk, Turn, chunks_of
from memory_app.refusal import Refused
from memory_app.services.chat.memory import chat_model
from memory_app.translate_messages import in_words_later

# One replay of a whole chat at a time: it takes a core, which replies need too.
_one_at_a_time = threading.Lock()
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A valid file, and the checkpoint that it belongs to."""

    file: ChatFile
    checkpoint: Checkpoint
    model: Model


@dataclass(frozen=True, slots=True)
class Replayed:
    """A valid file, and the state after each turn that has one, by the file's own id."""

    file: ChatFile
    checkpoint: Checkpoint
    states: dict[str, State]

    @property
    def differing(self) -> int:
        """The number of states whose hash differs from the file's: another machine's last bit."""
        return sum(
            turn.id in self.states and self.states[turn.id].sha256() != turn.state_sha256
            for turn in self.file.turns
        )


def chat_check(*, data: bytes) -> Checked:
    """Read a file and compare it with its checkpoint; nothing is replayed or written.

    Raises:
        Refused: the file isn't a valid chat, or its checkpoint isn't here or isn't for chat.
    """
    file = read(data)
    row = Checkpoint.objects.filter(sha256=file.checkpoint_sha256).first()
    if row is None:
        sentence = _(
            "This chat used the checkpoint {sha256}…, which isn’t on this site, so its memory "
            "can’t be rebuilt."
        )
        raise Refused("not_found", format_lazy(sentence, sha256=file.checkpoint_sha256[:12]))
    if not row.serves_chats:
        raise Refused(
            "invalid", _("This chat’s model is for study only and can’t be used for chat.")
        )
    model = chat_model(sha256=row.sha256)
    file.check(model.tokenizer, model.model.config)
    return Checked(file, row, model)


def chat_replay(*, data: bytes) -> Replayed:
    """Read a file and compute the memory of each of its turns; slow, and writes nothing.

    Raises:
        Refused: as `chat_check`; or another chat is being replayed here.
    """
    return replayed_at_once(checked=chat_check(data=data))


def replayed_at_once(*, checked: Checked) -> Replayed:
    """The replay of a short chat in a request; one at a time, since it takes a core.

    Raises:
        Refused: `busy`, when other replays take too long.
    """
    if not _one_at_a_time.acquire(timeout=_PATIENCE):
        raise Refused("busy", _("Another chat is being imported. Try again in a minute."))
    try:
        return checked_replay(checked=checked)
    finally:
        _one_at_a_time.release()


def checked_replay(
    *, checked: Checked, on_turn: Callable[[FileTurn], None] = lambda turn: None
) -> Replayed:
    """The memory of each turn; `on_turn` is called with each, and ends the replay by raising."""
    configure_process()  # torch keeps a thread count per thread, and this may be any
    model = checked.model
    blank = State.zeros(model.model.config)
    states: dict[str, State] = {}
    for turn in checked.file.turns:
        if turn.is_committed:
            before = states[turn.parent] if turn.parent is not None else blank
            states[turn.id] = _after(turn, before, model)
            on_turn(turn)
    return Replayed(checked.file, checked.checkpoint, states)


def _after(turn: FileTurn, before: State, model: Model) -> State:
    config = model.model.config
    if turn.is_talk:
        ids = model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
        return replay(model.model, before, ids, parse_hold(turn.hold, config.kind, config))
    given = State.from_bytes(turn.given, config) if turn.given is not None else None
    try:
        return changed(before, turn.kind, turn.parameters, given, config)
    except StateEditError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault


def chat_import(*, person: Person, replayed: Replayed, key: UUID | None = None) -> Chat:
    """Store a replayed file as a new chat of this person.

    Raises:
        Refused: its checkpoint was deleted meanwhile.
    """
    # Prepared before the transaction, which holds SQLite's write lock: the worker is niced.
    chat, turns, chunks = _rows(person, replayed, key or uuid4())
    try:
        with transaction.atomic():
            head, chat.head_id = chat.head_id, None
            chat.save(force_insert=True)
            Turn.objects.bulk_create(turns, batch_size=200)
            SearchChunk.objects.store(chunks)
            Chat.objects.filter(pk=chat.pk).update(head_id=head)
    except IntegrityError as fault:
        raise Refused("not_found", _("The checkpoint of this chat was deleted.")) from fault
    chat.head_id = head
    return chat


def _rows(
    person: Person, replayed: Replayed, key: UUID
) -> tuple[Chat, list[Turn], list[SearchChunk]]:
    file, states = replayed.file, replayed.states
    keys = {turn.id: uuid4() for turn in file.turns}
    chat = Chat(
        pk=key,
        owner=person,
        checkpoint=replayed.checkpoint,
        title=name_of(file.title),
        imported=True,
        head_id=keys[file.head] if file.head is not None else None,
    )
    now, machine = timezone.now(), fingerprint()
    turns = [
        Turn(
            pk=keys[turn.id],
            chat=chat,
            parent_id=keys[turn.parent] if turn.parent is not None else None,
            position=position,
            client_turn_id=uuid4(),
            status=turn.status,
            user_text=turn.user_text,
            reply_text=turn.reply_text,
            user_token_ids=turn.user_token_ids,
            reply_token_ids=turn.reply_token_ids,
            kind=turn.kind,
            parameters=_parameters(turn, keys),
            given=turn.given,
            hold=turn.hold,
            adapter_sha256=turn.adapter_sha256,
            inherited=turn.inherited,
            seed=turn.sampling.seed if turn.sampling else 0,
            sampling=turn.sampling.to_dict() if turn.sampling else {},
            state=states[turn.id].to_bytes() if turn.id in states else None,
            state_sha256=states[turn.id].sha256() if turn.id in states else None,
            machine=machine if turn.id in states else "",
            created=turn.created,
            finished=now,
        )
        for position, turn in enumerate(file.turns, 1)
    ]
    texts = ((turn.position, text) for turn in turns for text in (turn.user_text, turn.reply_text))
    return chat, turns, chunks_of(key, texts)


def _parameters(turn: FileTurn, keys: dict[str, UUID]) -> dict[str, Any]:
    """The turn's parameters, in which turns of the file have their new ids."""
    parameters = dict(turn.parameters)
    for name in REPLAYED:
        # One that isn't in the file would name another person's turn, or none.
        if name in parameters and parameters[name] not in keys:
            del parameters[name]
    return {
        name: str(keys[value]) if isinstance(value, str) and value in keys else value
        for name, value in parameters.items()
    }
