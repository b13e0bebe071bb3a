"""All of one person's data as a zip: into a file for staff, or piece by piece for the person."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from memory_app.chat_file.write import document
from memory_app.core.atomic_files import whole_file
from memory_app.models import (
    AuditEntry,
    Chat,
    ChatImport,
    Consolidation,
    LongTermMemory,
    PublicLink,
    Report,
    Turn,
)
from memory_app.refusal import Refused
from memory_app.services.chat.memory import state_after
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.personal_data import (
    DataSubject,
    audit_about,
    audit_by,
    sessions_of,
)
from memory_app.services.operations.zip_stream import Entry, zip_of

log = logging.getLogger(__name__)
#: Turns with states that are read at once.
BATCH = 20
#: Seconds without progress after which a person's download doesn't keep the next one waiting.
STALLED = 60


class FileThere(FileExistsError):
    """The zip's path is taken."""


def _profile(who: DataSubject) -> dict[str, Any]:
    person, user = who.person, who.user
    return {
        "person": str(person.pk) if person else None,
        "created": person.created.isoformat() if person else None,
        "seen": person.seen.isoformat() if person else None,
        "user": {
            "username": user.get_username(),
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
            "staff": user.is_staff,
            "superuser": user.is_superuser,
            "active": user.is_active,
            "groups": sorted(user.groups.values_list("name", flat=True)),
            "joined": user.date_joined.isoformat(),
            "last_login": user.last_login.isoformat() if user.last_login else None,
        }
        if user
        else None,
        "sessions": [{"expires": row.expire_date.isoformat()} for row in sessions_of(who)],
        "chats": [
            {
                "chat": str(chat.pk),
                "title": chat.title,
                "shared": chat.shared,
                "created": chat.created.isoformat(),
                "updated": chat.updated.isoformat(),
                "deleted": chat.deleted.isoformat() if chat.deleted else None,
            }
            for chat in who.chats.order_by("created", "id")
        ],
        # Chats without a message, and files that are still being imported, or just were.
        "opened": [
            {key: entry[key] for key in ("id", "title", "shared", "deleted")}
            for entry in (person.pending if person else ())
        ],
        "imports": [
            {
                "chat": str(row.pk),
                "title": row.title,
                "status": row.status,
                "created": row.created.isoformat(),
            }
            for row in _imports(who).defer("data")
        ],
        "long_term": _long_term(who),
        "links": [
            {
                "token": link.token,
                "chat": str(link.chat_id),
                "turn": str(link.turn_id),
                "whole": link.whole,
                "created": link.created.isoformat(),
            }
            for link in PublicLink.objects.filter(chat__in=who.chats).order_by("pk")
        ],
        "reports": [
            {"reason": report.reason, "note": report.note, "created": report.created.isoformat()}
            for report in (
                Report.objects.filter(by=who.person).order_by("pk") if who.person else ()
            )
        ],
        "unit_notes": [
            {
                "checkpoint": note.checkpoint.sha256,
                "layer": note.layer,
                "unit": note.unit,
                "text": note.text,
                "changed": note.changed.isoformat(),
            }
            for note in (
                person.unit_notes.select_related("checkpoint").order_by("pk") if person else ()
            )
        ],
    }


def _long_term(who: DataSubject) -> list[dict[str, Any]]:
    """What was consolidated of each chat, as it is stored."""
    rows = Consolidation.objects.filter(owner=who.person).order_by("sequence")
    return [
        {
            "chat": str(row.chat_id),
            "status": row.status,
            "created": row.created.isoformat(),
            "memories": row.memories,
            "figures": row.figures,
        }
        for row in rows
    ]


def _imports(who: DataSubject) -> QuerySet[ChatImport]:
    return ChatImport.objects.filter(owner=who.person).order_by("sequence")


def _entry(row: AuditEntry, own: bool) -> dict[str, Any]:
    return {
        "at": row.at.isoformat(),
        # Who on the staff did it is no data of this person's.
        "username": "staff" if own else row.username,
        "action": row.action,
        "object": row.object,
        "detail": row.detail,
    }


def _document(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _audit(who: DataSubject, *, own: bool) -> dict[str, list[dict[str, Any]]]:
    return {
        "by": [_entry(row, own=False) for row in audit_by(who)],
        "about": [_entry(row, own) for row in audit_about(who)],
    }


def _files(who: DataSubject, *, own: bool) -> Iterator[Entry]:
    """The zip's files, each read when it is its turn; no cursor is open between two of them."""
    yield Entry("profile.json", _document(_profile(who)))
    yield Entry("audit.json", _document(_audit(who, own=own)))
    for key in list(who.chats.order_by("created", "id").values_list("pk", flat=True)):
        chat = who.chats.filter(pk=key).first()
        if chat is None:
            continue  # purged meanwhile
        turns = list(chat.turns.oldest_first().defer("state"))
        yield Entry(f"chats/{chat.pk}.json", _document(document(chat, turns)))
        kept = [turn.pk for turn in turns]
        for first in range(0, len(kept), BATCH):
            rows = chat.turns.exclude(state=None).in_bulk(kept[first : first + BATCH])
            for turn in (rows[pk] for pk in kept[first : first + BATCH] if pk in rows):
                # Numbers of a state don't get smaller.
                data = _state(turn, chat)
                yield Entry(f"states/{turn.pk}.safetensors", data, compress=False)
    for memory in list(LongTermMemory.objects.filter(owner=who.person).exclude(sha256="")):
        name = f"long_term/{memory.checkpoint_id}.safetensors"
        yield Entry(name, bytes(memory.data), compress=False)
    for pk in list(_imports(who).values_list("pk", flat=True)):
        row = _imports(who).filter(pk=pk).first()
        if row is not None and row.data:
            yield Entry(f"imports/{row.pk}.json", bytes(row.data))


def person_export(*, who: DataSubject, path: Path) -> dict[str, int]:
    """Write all of it as a zip, readable by its owner alone; returns counts of its parts.

    `profile.json`, `audit.json` (`by` and `about` them), `chats/CHAT.json` in the format of a
    chat's own file, `states/TURN.safetensors`: h and c after each turn that has them, and
    `imports/CHAT.json`: files that wait to be replayed, as they were uploaded;
    `long_term/CHECKPOINT.safetensors`: the adapter that holds what is remembered for good.

    Raises:
        FileThere: no file is overwritten.
    """
    taken = FileThere(f"{path} is there already: choose another name.")
    if path.exists():
        raise taken
    names: list[str] = []
    try:
        with whole_file(path, over=False) as out:
            for piece in zip_of(_noted(_files(who, own=False), names)):
                out.write(piece)
    except FileExistsError:
        raise taken from None
    parts = {part: sum(name.startswith(f"{part}/") for name in names) for part in _COUNTED}
    audit_record(user=None, action="person.export", detail={"chats": parts["chats"]})
    return {**parts, "audit": audit_by(who).count() + audit_about(who).count()}


_COUNTED = ("chats", "states")


def _noted(files: Iterator[Entry], names: list[str]) -> Iterator[Entry]:
    for file in files:
        names.append(file.name)
        yield file


_lock = threading.Lock()
#: When the download of each person last went on.
_downloads: dict[UUID | int, float] = {}


def person_export_own(*, who: DataSubject) -> Iterator[bytes]:
    """The same zip for the person, in pieces; names of staff are left out.

    Raises:
        Refused: `busy`: another download of this person runs in this process.
    """
    key = who.person.pk if who.person else who.user.pk if who.user else 0
    with _lock:
        if time.monotonic() - _downloads.get(key, float("-inf")) < STALLED:
            raise Refused("busy", _("Your data is being downloaded already. Wait until it ends."))
        _downloads[key] = time.monotonic()
    return _own_pieces(who, key)


def _own_pieces(who: DataSubject, key: UUID | int) -> Iterator[bytes]:
    try:
        for piece in zip_of(_files(who, own=True)):
            with _lock:
                _downloads[key] = time.monotonic()
            yield piece
    finally:
        with _lock:
            _downloads.pop(key, None)
    log.info("person exported their data")


def _state(turn: Turn, chat: Chat) -> bytes:
    """The state as a file; where it can't be restored, the stored bytes."""
    try:
        state = state_after(turn=turn, checkpoint=chat.checkpoint)
    except Refused:
        data = turn.state
        return bytes(data) if isinstance(data, bytes | memoryview) else str(data).encode()
    about = {"checkpoint_sha256": chat.checkpoint.sha256, "turn": str(turn.pk)}
    return state.to_safetensors(about, chat.checkpoint.model_config)
