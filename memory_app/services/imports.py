"""A chat out of a file: read, replayed on its checkpoint, and only then stored, all or nothing."""

import threading
from dataclasses import dataclass
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app import chat_file
from memory_app.chat_file import ChatFile
from memory_app.lm.checkpoint import Checkpoint as Model
from memory_app.lm.machine import fingerprint
from memory_app.lm.replay import replay
from memory_app.lm.state import State
from memory_app.models import Chat, Checkpoint, Person, Turn
from memory_app.protocol import Refused
from memory_app.services.memory import chat_model
from memory_app.services.titles import title_of

# One replay of a whole chat at a time: it takes a core for seconds, and replies want that too.
_one_at_a_time = threading.Lock()
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """A file that is sound, and the state after each turn that has one, by the file's own id."""

    file: ChatFile
    checkpoint: Checkpoint
    states: dict[str, State]

    @property
    def differing(self) -> int:
        """How many states have another hash than the file says: another machine's last bit."""
        return sum(
            turn.id in self.states and self.states[turn.id].sha256() != turn.state_sha256
            for turn in self.file.turns
        )


def chat_replay(*, data: bytes) -> Replayed:
    """Read a file and compute the memory of each of its turns; slow, and writes nothing.

    Raises:
        Refused: the file isn't a sound chat, or its checkpoint isn't here or isn't for chat.
    """
    file = chat_file.read(data)
    row = Checkpoint.objects.filter(sha256=file.checkpoint_sha256).first()
    if row is None:
        sentence = _(
            "This chat was held with the checkpoint {sha256}…, which isn’t here: "
            "its memory can’t be made again."
        )
        raise Refused("not_found", format_lazy(sentence, sha256=file.checkpoint_sha256[:12]))
    if row.cell != "lstm":
        raise Refused("invalid", _("This chat’s model is for study: it can’t be chatted with."))
    model = chat_model(sha256=row.sha256)
    file.check(model.tokenizer)
    if not _one_at_a_time.acquire(timeout=_PATIENCE):
        raise Refused("busy", _("Another chat is being imported: try again in a minute."))
    try:
        return Replayed(file, row, _states(file, model))
    finally:
        _one_at_a_time.release()


def _states(file: ChatFile, model: Model) -> dict[str, State]:
    blank = State.zeros(model.model.config)
    states: dict[str, State] = {}
    for turn in file.turns:
        if turn.is_committed:
            before = states[turn.parent] if turn.parent is not None else blank
            ids = model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
            states[turn.id] = replay(model.model, before, ids)
    return states


def chat_import(*, person: Person, replayed: Replayed) -> Chat:
    """Store a replayed file as a new chat of this person.

    Raises:
        Refused: its checkpoint was deleted meanwhile.
    """
    try:
        with transaction.atomic():
            return _store(person, replayed)
    except IntegrityError as fault:
        raise Refused("not_found", _("The checkpoint of this chat was deleted.")) from fault


def _store(person: Person, replayed: Replayed) -> Chat:
    file, states = replayed.file, replayed.states
    chat = Chat.objects.create(
        owner=person, checkpoint=replayed.checkpoint, title=title_of(file.title)
    )
    keys = {turn.id: uuid4() for turn in file.turns}
    now, machine = timezone.now(), fingerprint()
    Turn.objects.bulk_create(
        Turn(
            pk=keys[turn.id],
            chat=chat,
            parent_id=keys[turn.parent] if turn.parent is not None else None,
            client_turn_id=uuid4(),
            status=turn.status,
            user_text=turn.user_text,
            reply_text=turn.reply_text,
            user_token_ids=turn.user_token_ids,
            reply_token_ids=turn.reply_token_ids,
            seed=turn.sampling.seed,
            sampling=turn.sampling.to_dict(),
            state=states[turn.id].to_bytes() if turn.id in states else None,
            state_sha256=states[turn.id].sha256() if turn.id in states else None,
            machine=machine if turn.id in states else "",
            created=turn.created,
            finished=now,
        )
        for turn in file.turns
    )
    if file.head is not None:
        chat.head_id = keys[file.head]
        Chat.objects.filter(pk=chat.pk).update(head_id=chat.head_id)
    return chat
