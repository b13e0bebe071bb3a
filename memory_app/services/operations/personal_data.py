"""One person's data: whose it is, and how it is erased from every store."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet

from memory_app import limits
from memory_app.models import AuditEntry, Chat, FaultEntry, Person, Report, Turn
from memory_app.services.chat.persons import SESSION_KEY
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.erase_deleted import (
    RemainsLeft,
    remains_clear,
    remains_note,
)

log = logging.getLogger(__name__)
#: Replaces an erased name in the audit log.
ERASED = "erased user"


class SubjectNotFound(LookupError):
    """There is no such user or guest."""


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


def sessions_of(who: DataSubject) -> Iterator[Session]:
    """The sessions of this person: their content is encoded, so each is decoded."""
    person = str(who.person.pk) if who.person else None
    user = str(who.user.pk) if who.user else None
    for row in Session.objects.iterator():
        held = SessionStore().decode(row.session_data)
        if (person and held.get(SESSION_KEY) == person) or (
            user and held.get("_auth_user_id") == user
        ):
            yield row


def audit_by(who: DataSubject) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.order_by("id")
    return rows.filter(Q(user=who.user) | Q(username=who.name)) if who.user else rows.none()


def audit_about(who: DataSubject) -> QuerySet[AuditEntry]:
    """Entries whose object is this person or a chat of theirs."""
    objects = [str(key) for key in who.chats.values_list("pk", flat=True)]
    if who.user:
        objects += [who.name, f"{who.name} ({who.user.pk})"]
    if who.person:
        objects.append(str(who.person.pk))
    return AuditEntry.objects.order_by("id").filter(object__in=objects)


def person_erase(*, who: DataSubject) -> dict[str, int]:
    """Remove the person from every store, for good, and overwrite the data.

    The audit log keeps their actions as staff without the name. A reply that runs in one of the
    chats raises TurnGone at its commit and ends.

    Raises:
        RemainsLeft: all rows are deleted, but bytes of them may remain in the database's files.
    """
    with transaction.atomic():
        person = str(who.person.pk) if who.person else ""
        counts = _rows_erase(who)
        audit_record(user=None, action="person.erase", detail=counts)
    limits.person_forget(person)
    remains_clear()
    return counts


def person_erase_own(*, who: DataSubject) -> dict[str, int]:
    """The same at the wish of the person, whose browser waits and who may be any stranger.

    Not an act of staff, so the audit log, which is kept for ever, gets no entry. A large database
    isn't rewritten: `leftovers_purge` finishes what is left, within an hour.
    """
    with transaction.atomic():
        person = str(who.person.pk) if who.person else ""
        counts = _rows_erase(who)
        # Before the commit, so that it is known even if this process is killed after it.
        remains_note()
    limits.person_forget(person)
    try:
        remains_clear(within=2, whatever_size=False, at_once=False)
    except RemainsLeft as left:
        log.info("remains of an erased person are overwritten later", extra={"reason": str(left)})
    return counts


def _rows_erase(who: DataSubject) -> dict[str, int]:
    chats = [str(key) for key in who.chats.values_list("pk", flat=True)]
    turns = [str(key) for key in who.turns.values_list("pk", flat=True)]
    sessions = [row.pk for row in sessions_of(who)]
    Session.objects.filter(pk__in=sessions).delete()
    audit_about(who).update(object=ERASED)
    if who.user:
        audit_by(who).update(username=ERASED, user=None)
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
        # A report of another person's turn stays, without the words of who reported it.
        Report.objects.filter(by=who.person).update(note="")
        who.person.delete()
    if who.user:
        AccessAttempt.objects.filter(username=who.user.get_username()).delete()
        who.user.delete()
    counts = {"chats": len(chats), "turns": len(turns), "sessions": len(sessions)}
    log.info("person erased", extra=counts)
    return counts


def _faults_forget(ids: set[str]) -> None:
    """The overview's errors name chats and turns by their ids."""
    for row in FaultEntry.objects.all():
        if ids & set(row.message.split()):
            row.delete()
