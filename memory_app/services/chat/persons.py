"""Persons: a guest is known by the session alone, a member by the logged-in user."""

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

from memory_app import limits, site_state
from memory_app.models import Chat, ChatImport, Person
from memory_app.services.chat.pending_chats import MOST as MOST_PENDING
from memory_app.services.chat.units import notes_merge

log = logging.getLogger(__name__)
SESSION_KEY = "person"
#: When this session's cookie was last renewed, in seconds since 1970; once a day is enough.
RENEWED_KEY = "renewed"
RENEW_EVERY = timedelta(days=1)


class _SessionOnly:
    """As much of a request as Django's `get_user` reads."""

    def __init__(self, session: SessionBase) -> None:
        self.session = session


def _guest(session: SessionBase) -> Person | None:
    try:
        key = UUID(str(session.get(SESSION_KEY)))
    except ValueError:
        return None
    # A guest who became a member is no guest any more, even where the old cookie still is.
    return Person.objects.filter(pk=key, user=None).first()


def _member(user: Any) -> Person:
    return Person.objects.get_or_create(user=user)[0]


def person_of_request(request: HttpRequest) -> Person | None:
    """The person who asks, or None for a stranger; a member's row is created when first needed."""
    user: Any = request.user
    return _member(user) if user.is_authenticated else _guest(request.session)


def person_of_session(session_key: str | None) -> Person | None:
    """The session's person now, read afresh: None after a logout, a ban or a new password."""
    if not session_key:
        return None
    session = SessionStore(session_key)
    # `get_user` checks the session's hash of the password and that the user is active.
    user: Any = get_user(_SessionOnly(session))  # type: ignore[arg-type]
    return _member(user) if user.is_authenticated else _guest(session)


def person_present(*, request: HttpRequest) -> Person | None:
    """The person who asks, or None; each request shows activity, and renews the cookie.

    The cookie is a guest's only key. It is renewed a session: a member's visits with one browser
    don't renew the cookie in another.
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
    """The person who asks; a stranger becomes a guest, with a session of their own.

    Raises:
        Refused: `rate_limited`: too many became guests; `unavailable`: nothing can be written.
    """
    person = person_present(request=request)
    if person is None:
        site_state.admit("guests")
        limits.enter("guests")
        person = Person.objects.create()
        request.session[SESSION_KEY] = str(person.pk)
        request.session[RENEWED_KEY] = int(timezone.now().timestamp())
    return person


@transaction.atomic
def person_merge(*, guest: Person, member: Person) -> None:
    """Give a guest's chats to the member, and delete the guest."""
    if guest.pk == member.pk or guest.user_id is not None:
        return
    # Held first: a chat that the guest begins or imports at this moment is either stored before,
    # and merged, or finds no guest any more.
    rows = Person.objects.select_for_update().filter(pk__in=(guest.pk, member.pk)).order_by("pk")
    pending = {row.pk: row.pending for row in rows}
    if guest.pk not in pending:
        return
    Chat.objects.filter(owner=guest).update(owner=member)
    ChatImport.objects.filter(owner=guest).update(owner=member)
    notes_merge(guest=guest, member=member)
    member.pending = [*pending[member.pk], *pending[guest.pk]][-MOST_PENDING:]
    Person.objects.filter(pk=member.pk).update(pending=member.pending)
    guest.delete()


def on_login(
    sender: object, request: HttpRequest, user: AbstractBaseUser, **kwargs: object
) -> None:
    """Django's user_logged_in: also sent after a sign-up, so a guest's chats are merged."""
    guest = _guest(request.session)
    member = _member(user)
    if guest is not None:
        person_merge(guest=guest, member=member)
    request.session.pop(SESSION_KEY, None)
