"""All data about one person: exported as a zip, or erased from every store."""

import json
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet

from memory_app.chat_file.write import document
from memory_app.core.atomic_files import whole_file
from memory_app.models import (
    AuditEntry,
    Chat,
    ChatImport,
    Consolidation,
    FaultEntry,
    LongTermMemory,
    Person,
    Turn,
)
from memory_app.refusal import Refused
from memory_app.services.chat.memory import state_after
from memory_app.services.chat.persons import SESSION_KEY
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.erase_deleted import remains_clear

log = logging.getLogger(__name__)
#: Replaces an erased name in the audit log.
ERASED = "erased user"


class SubjectNotFound(LookupError):
    """There is no such user or guest."""


class FileThere(FileExistsError):
    """The zip's path is taken."""


@dataclass(frozen=True, slots=True)
class DataSubject:
    """A member, a guest (no user), or a user who never opened the site (no person)."""

    person: Person | None
    user: User | None

    @property
    def name(self) -> str:
        return self.user.get_username() if self.user else ""

    @property
    def chats(self) -> QuerySet[Chat]:
        """Every chat, including deleted ones that aren't purged yet."""
        rows = Chat.objects.select_related("checkpoint")
        return rows.filter(owner=self.person) if self.person else rows.none()

    @property
    def turns(self) -> QuerySet[Turn]:
        return Turn.objects.filter(chat__in=self.chats)


def data_subject(*, named: str) -> DataSubject:
    """The person with this user name or id.

    Raises:
        SubjectNotFound: with one sentence.
    """
    user = User.objects.filter(username=named).first()
    if user is not None:
        return DataSubject(Person.objects.filter(user=user).first(), user)
    try:
        person = Person.objects.select_related("user").filter(pk=UUID(named)).first()
    except ValueError:
        person = None
    if person is None:
        raise SubjectNotFound(f"There is no user, and no guest, with the name or id {named!r}.")
    return DataSubject(person, person.user)


def _sessions(who: DataSubject) -> Iterator[Session]:
    """The sessions of this person: their content is encoded, so each is decoded."""
    person = str(who.person.pk) if who.person else None
    user = str(who.user.pk) if who.user else None
    for row in Session.objects.iterator():
        held = SessionStore().decode(row.session_data)
        if (person and held.get(SESSION_KEY) == person) or (
            user and held.get("_auth_user_id") == user
        ):
            yield row


def _audit_by(who: DataSubject) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.order_by("id")
    return rows.filter(Q(user=who.user) | Q(username=who.name)) if who.user else rows.none()


def _audit_about(who: DataSubject) -> QuerySet[AuditEntry]:
    """Entries whose object is this person or a chat of theirs."""
    objects = [str(key) for key in who.chats.values_list("pk", flat=True)]
    if who.user:
        objects += [who.name, f"{who.name} ({who.user.pk})"]
    if who.person:
        objects.append(str(who.person.pk))
    return AuditEntry.objects.order_by("id").filter(object__in=objects)


# ---- exported


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
        "sessions": [{"expires": row.expire_date.isoformat()} for row in _sessions(who)],
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


def _entry(row: AuditEntry) -> dict[str, Any]:
    return {
        "at": row.at.isoformat(),
        "username": row.username,
        "action": row.action,
        "object": row.object,
        "detail": row.detail,
    }


def _document(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


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
    states = 0
    try:
        with (
            whole_file(path, over=False) as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            archive.writestr("profile.json", _document(_profile(who)))
            entries_by_role = {
                "by": [_entry(row) for row in _audit_by(who)],
                "about": [_entry(row) for row in _audit_about(who)],
            }
            archive.writestr("audit.json", _document(entries_by_role))
            chats = list(who.chats.order_by("created", "id"))
            for chat in chats:
                turns = list(chat.turns.oldest_first().defer("state"))
                written = _document(document(chat, turns))
                archive.writestr(f"chats/{chat.pk}.json", written)
                for turn in chat.turns.oldest_first().exclude(state=None).iterator(20):
                    archive.writestr(f"states/{turn.pk}.safetensors", _state(turn, chat))
                    states += 1
            for memory in LongTermMemory.objects.filter(owner=who.person).exclude(sha256=""):
                archive.writestr(
                    f"long_term/{memory.checkpoint_id}.safetensors", bytes(memory.data)
                )
            for row in _imports(who).iterator(5):
                if row.data:
                    archive.writestr(f"imports/{row.pk}.json", bytes(row.data))
    except FileExistsError:
        raise taken from None
    audit_record(user=None, action="person.export", detail={"chats": len(chats)})
    entries = len(entries_by_role["by"]) + len(entries_by_role["about"])
    return {"chats": len(chats), "states": states, "audit": entries}


def _state(turn: Turn, chat: Chat) -> bytes:
    """The state as a file; where it can't be restored, the stored bytes."""
    try:
        state = state_after(turn=turn, checkpoint=chat.checkpoint)
    except Refused:
        data = turn.state
        return bytes(data) if isinstance(data, bytes | memoryview) else str(data).encode()
    about = {"checkpoint_sha256": chat.checkpoint.sha256, "turn": str(turn.pk)}
    return state.to_safetensors(about, chat.checkpoint.model_config)


# ---- erased


def person_erase(*, who: DataSubject) -> dict[str, int]:
    """Remove the person from every store, for good, and overwrite the data.

    The audit log keeps their actions as staff without the name. A reply that runs in one of the
    chats raises TurnGone at its commit and ends.

    Raises:
        RemainsLeft: all rows are deleted, but bytes of them may remain in the database's files.
    """
    with transaction.atomic():
        chats = [str(key) for key in who.chats.values_list("pk", flat=True)]
        turns = [str(key) for key in who.turns.values_list("pk", flat=True)]
        sessions = [row.pk for row in _sessions(who)]
        Session.objects.filter(pk__in=sessions).delete()
        _audit_about(who).update(object=ERASED)
        if who.user:
            _audit_by(who).update(username=ERASED, user=None)
            about = LogEntry.objects.filter(
                content_type__app_label="auth",
                content_type__model="user",
                object_id=str(who.user.pk),
            )
            about.delete()
        _faults_forget({*chats, *turns, *([str(who.person.pk)] if who.person else [])})
        # Rows that belong to a chat (turns, the search index) are deleted with it.
        who.chats.delete()
        if who.person:
            who.person.delete()
        if who.user:
            AccessAttempt.objects.filter(username=who.user.get_username()).delete()
            who.user.delete()
        counts = {"chats": len(chats), "turns": len(turns), "sessions": len(sessions)}
        audit_record(user=None, action="person.erase", detail=counts)
    log.info("person erased", extra=counts)
    remains_clear()
    return counts


def _faults_forget(ids: set[str]) -> None:
    """The overview's errors name chats and turns by their ids."""
    for row in FaultEntry.objects.all():
        if ids & set(row.message.split()):
            row.delete()
