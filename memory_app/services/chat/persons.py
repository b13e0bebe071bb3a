"""Persons: a guest is known by the session alone, a member by the user who logged in."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone

from memory_app.models import Chat, ChatImport, Person
from memory_app.services.chat.pending_chats import MOST as MOST_PENDING

log = logging.getLogger(__name__)
SESSION_KEY = "person"
#: When this session's cookie was renewed last, in seconds since 1970; once a day is enough.
RENEWED_KEY = "renewed"
RENEW_EVERY = timedelta(days=1)


class _SessionOnly:
    """As much of a request as Django's `get_user` looks at."""

    def __init__(self, session: SessionBase) -> None:
        self.session = session


def _guest(session: SessionBase) -> Person | None:
    try:
        found = UUID(str(session.get(SESSION_KEY)))
    except ValueError:
        return None
    # A guest who became a member is no guest any more, wherever the old cookie still lies.
    return Person.objects.filter(pk=found, user=None).first()


def _member(user: Any) -> Person:
    return Person.objects.get_or_create(user=user)[0]


def person_of_request(request: HttpRequest) -> Person | None:
    """Who asks, or None for a stranger; a member's row is made when first needed."""
    user: Any = request.user
    return _member(user) if user.is_authenticated else _guest(request.session)


def person_of_session(session_key: str | None) -> Person | None:
    """Who holds this session now, read afresh: None after a logout, a ban or a new password."""
    if not session_key:
        return None
    session = SessionStore(session_key)
    # `get_user` checks the session's hash of the password and that the user is active.
    user: Any = get_user(_SessionOnly(session))  # type: ignore[arg-type]
    return _member(user) if user.is_authenticated else _guest(session)


def person_present(*, request: HttpRequest) -> Person | None:
    """Who asks, or None; any request shows that they are alive, and renews their cookie.

    The cookie is a guest's only key, whichever page they come back by. It is each session's own: a
    member's visits with one browser don't renew the cookie in another.
    """
    person = person_of_request(request)
    if person is None:
        return None
    now = timezone.now()
    oldest = (now - RENEW_EVERY).timestamp()
    try:
        if now - person.seen > RENEW_EVERY:
            Person.objects.filter(pk=person.pk).update(seen=now)
        elif request.session.get(RENEWED_KEY, 0) > oldest:
            return person
    except DatabaseError as fault:
        # A page can be read while the database can't be written; the next one renews.
        log.warning("a visit wasn't noted", extra={"reason": type(fault).__name__})
        return person
    request.session[RENEWED_KEY] = int(now.timestamp())
    return person


def person_ensure(*, request: HttpRequest) -> Person:
    """Who asks; a stranger becomes a guest, with a session of their own."""
    person = person_present(request=request)
    if person is None:
        person = Person.objects.create()
        request.session[SESSION_KEY] = str(person.pk)
        request.session[RENEWED_KEY] = int(timezone.now().timestamp())
    return person


@transaction.atomic
def person_merge(*, guest: Person, member: Person) -> None:
    """A guest's chats go to the member; the guest is gone."""
    if guest.pk == member.pk or guest.user_id is not None:
        return
    # Held first: a chat that the guest begins or imports at this moment is stored before, and comes
    # along, or finds no guest any more.
    rows = Person.objects.select_for_update().filter(pk__in=(guest.pk, member.pk)).order_by("pk")
    pending = {row.pk: row.pending for row in rows}
    if guest.pk not in pending:
        return
    Chat.objects.filter(owner=guest).update(owner=member)
    ChatImport.objects.filter(owner=guest).update(owner=member)
    member.pending = [*pending[member.pk], *pending[guest.pk]][-MOST_PENDING:]
    Person.objects.filter(pk=member.pk).update(pending=member.pending)
    guest.delete()


def on_login(
    sender: object, request: HttpRequest, user: AbstractBaseUser, **kwargs: object
) -> None:
    """Django's user_logged_in: also sent after a sign-up, so a guest's chats come along."""
    guest = _guest(request.session)
    member = _member(user)
    if guest is not None:
        person_merge(guest=guest, member=member)
    request.session.pop(SESSION_KEY, None)
