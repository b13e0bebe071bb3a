"""Chats' files that take too long for a request: stored as rows, replayed by the worker.

As with runs the row decides and the message is a hint: a worker claims the row by one conditional
UPDATE that raises its fence, and stores the chat in a transaction that requires that fence. The
worker is niced and has a thread for this, so a training of hours delays no import, and an import
delays no reply.
"""

import logging
import time
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory_app import limits, outage_log
from memory_app.chat_file.content import FileTurn
from memory_app.core.messages import Sentence
from memory_app.core.text.graphemes import name_of
from memory_app.models import ChatImport, ImportStatus, Person
from memory_app.process_liveness import is_dead, process_id
from memory_app.refusal import Refused
from memory_app.services.chat.guests import may_begin
from memory_app.services.chat.import_chat import (
    Checked,
    chat_check,
    chat_import,
    checked_replay,
    replayed_at_once,
)
from memory_app.services.chat.pending_chats import pending_open
from memory_app.services.operations.worker_queue import tell_worker
from memory_app.services.training.leases import patiently

log = logging.getLogger(__name__)
#: A chat of up to this many tokens is replayed in the request: about a second.
AT_ONCE_TOKENS = 2_000
#: Files of one person that may wait; each is stored until it is replayed.
MOST_WAITING = 5
#: Deaths of workers over one file, after which the file counts as the cause.
MOST_DEATHS = 3
#: Seconds between two progress reports of an import.
PULSE = 0.5
#: How long the result of an import is kept.
KEPT = timedelta(days=1)
WAITING = (ImportStatus.QUEUED, ImportStatus.RUNNING)


_MANY = _("Five of your chats are being imported: wait for one of them first.")


class _Lost(Exception):
    """Another worker has the import, or its owner cancelled it: nothing is stored."""


def file_import(*, person: Person, data: bytes, checked: Checked) -> UUID:
    """Store a checked file as a chat of this person, now or once it is replayed; returns its id.

    Raises:
        Refused: as `chat_replay`, `chat_import` and `import_ask`.
    """
    may_begin(person)
    limits.pay("imports", checked.file.tokens)
    if not checked.file.turns:
        title = name_of(checked.file.title)
        return pending_open(person=person, checkpoint=checked.checkpoint, title=title).pk
    if checked.file.tokens > AT_ONCE_TOKENS:
        return import_ask(person=person, data=data, checked=checked).pk
    return chat_import(person=person, replayed=replayed_at_once(checked=checked)).pk


def import_ask(*, person: Person, data: bytes, checked: Checked) -> ChatImport:
    """Queue a row for the worker; the chat will have its id.

    Raises:
        Refused: `quota`, when this person has as many as may wait.
    """
    with transaction.atomic():
        # The person is held while counting: two uploads at once would each see room for one.
        Person.objects.select_for_update().get(pk=person.pk)
        if person.imports.filter(status__in=WAITING).count() >= MOST_WAITING:
            raise Refused(
                "quota", _("Five of your chats are being imported: wait for one of them first.")
            )
        row = ChatImport.objects.create(
            owner=person, title=name_of(checked.file.title), data=data, total=checked.file.tokens
        )
        transaction.on_commit(lambda: _enqueue(row.pk))
    return row


def _enqueue(key: UUID) -> None:
    tell_worker("import_chat", str(key))


def import_cancel(*, row: ChatImport) -> None:
    """Cancel the import; a worker that replays it finds no row and stores nothing."""
    ChatImport.objects.filter(pk=row.pk).delete()


def import_execute(*, key: UUID) -> None:
    """Replay one import and store its chat; a duplicate does nothing.

    Raises:
        OperationalError, InterfaceError, OSError: an outage; the import waits for its end.
    """
    row = _claim(key)
    if row is None:
        return
    try:
        _replay(row)
    except _Lost:
        log.info("an import was taken back", extra={"import": str(key)})
    except Refused as refused:
        # The file itself was checked when it was uploaded.
        gone = Sentence("The checkpoint of this chat was deleted.")
        unusable = Sentence("The checkpoint of this chat can't be loaded.")
        change = Sentence("The file has a change of the memory that can't be applied.")
        _fail(row, {"not_found": gone, "invalid": change}.get(refused.code, unusable))
    except Exception as fault:
        if outage_log.failed(fault, at="import"):
            # The file isn't at fault: it is replayed anew when the database is back.
            patiently(lambda: _give_back(row))
            raise
        log.exception("an import broke", extra={"import": str(key)})
        _fail(row, Sentence("Failed with {kind}.", {"kind": type(fault).__name__}))


def _claim(key: UUID) -> ChatImport | None:
    row = ChatImport.objects.filter(pk=key).first()
    if row is None or row.status not in WAITING:
        return None
    lost = row.status == ImportStatus.RUNNING
    if lost and not is_dead(row.process, row.heartbeat):
        return None
    # An import that this very process left behind was lost in an outage: no worker died of it.
    died = lost and row.process != process_id()
    if died and row.deaths + 1 >= MOST_DEATHS:
        times = {"n": str(row.deaths + 1)}
        _fail(row, Sentence("The worker died {n} times while it replayed this file.", times))
        return None
    # Conditional on the row as it was read: the row count decides a race.
    won = ChatImport.objects.filter(pk=key, fence=row.fence, status=row.status).update(
        fence=row.fence + 1,
        deaths=row.deaths + died,
        status=ImportStatus.RUNNING,
        process=process_id(),
        heartbeat=timezone.now(),
        done=0,
    )
    return ChatImport.objects.filter(pk=key, fence=row.fence + 1).first() if won else None


def _give_back(row: ChatImport) -> None:
    """Return the import to the queue."""
    ChatImport.objects.filter(pk=row.pk, fence=row.fence, status=row.status).update(
        status=ImportStatus.QUEUED, process="", done=0
    )


def _fail(row: ChatImport, reason: Sentence) -> None:
    ChatImport.objects.filter(pk=row.pk, fence=row.fence, status=row.status).update(
        status=ImportStatus.FAILED, error_said=reason.to_dict(), data=b""
    )


def _replay(row: ChatImport) -> None:
    ours = ChatImport.objects.filter(pk=row.pk, fence=row.fence, status=ImportStatus.RUNNING)
    done, reported = 0, time.monotonic()

    def on_turn(turn: FileTurn) -> None:
        nonlocal done, reported
        done += turn.tokens
        if time.monotonic() - reported > PULSE:
            reported = time.monotonic()
            if not ours.update(done=done, heartbeat=timezone.now()):
                raise _Lost

    replayed = checked_replay(checked=chat_check(data=bytes(row.data)), on_turn=on_turn)
    with transaction.atomic():
        owner = _held_owner(row)
        if not ours.update(status=ImportStatus.FINISHED, done=done, data=b""):
            raise _Lost
        chat_import(person=owner, replayed=replayed, key=row.pk)


def _held_owner(row: ChatImport) -> Person:
    """The import's owner now; a guest's log-in comes before or after this."""
    for _attempt in range(2):
        held = Person.objects.select_for_update(of=("self",)).filter(imports=row.pk).first()
        # None where the guest has just become a member: then the row names the member.
        if held is not None:
            return held
    raise _Lost


def imports_next() -> bool:
    """Notify the workers of the import that waits longest; returns whether there is one."""
    row = ChatImport.objects.filter(status=ImportStatus.QUEUED).order_by("sequence").first()
    if row is not None:
        _enqueue(row.pk)
    return row is not None


def imports_recover() -> int:
    """Notify the workers of every import that lost its worker, and of the next that waits."""
    rows = ChatImport.objects.filter(status=ImportStatus.RUNNING).defer("data")
    lost = [row for row in rows if is_dead(row.process, row.heartbeat)]
    for row in lost:
        _enqueue(row.pk)
    return len(lost) + imports_next()


def imports_purge() -> None:
    """Delete the rows of imports that ended a day ago."""
    ended = ChatImport.objects.exclude(status__in=WAITING)
    ended.filter(created__lt=timezone.now() - KEPT).delete()
