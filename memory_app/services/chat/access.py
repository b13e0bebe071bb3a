"""Whether sessions may still use their chats, asked for many at once.

A socket looks every two seconds, even if nothing is said on it. One by one that is four queries a
look, which for a few hundred sockets took the processor that replies need.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, get_user_model
from django.contrib.auth import SESSION_KEY as USER_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from memory_app import policy
from memory_app.models import Chat, Checkpoint, Person
from memory_app.pending_chats import chat_of
from memory_app.services.chat.persons import SESSION_KEY, person_of_session

#: A session's key and a chat's.
Pair = tuple[str | None, UUID]


def chat_of_session(pair: Pair) -> Chat | None:
    """The chat, read afresh, while the session may use it."""
    session, key = pair
    return policy.owned_chat(person_of_session(session), key)


def chats_of_sessions(pairs: Collection[Pair]) -> dict[Pair, Chat | None]:
    """The same for many, in six queries and those that are in doubt.

    What isn't plainly allowed is asked by `chat_of_session`, which alone may refuse.
    """
    persons = _persons({session for session, _ in pairs if session})
    keys = {key for _, key in pairs}
    rows = Chat.objects.filter(pk__in=keys, deleted=None).select_related("checkpoint")
    chats = {row.pk: row for row in rows}
    checkpoints: dict[str, Checkpoint | None] = {}
    answers: dict[Pair, Chat | None] = {}
    for pair in pairs:
        person = persons.get(pair[0] or "")
        chat = chats.get(pair[1])
        if person is None:
            answers[pair] = chat_of_session(pair)
        elif chat is not None and chat.owner_id == person.pk:
            chat.owner = person
            answers[pair] = chat
        else:
            answers[pair] = _pending(person, pair[1], checkpoints) or chat_of_session(pair)
    return answers


def _pending(person: Person, key: UUID, known: dict[str, Checkpoint | None]) -> Chat | None:
    """A chat without a message, as `pending_chat` finds it; each checkpoint is read once."""
    for entry in person.pending:
        if entry["id"] == str(key) and not entry["deleted"]:
            name = entry["checkpoint"]
            if name not in known:
                known[name] = Checkpoint.objects.filter(pk=name).first()
            checkpoint = known[name]
            return chat_of(person, checkpoint, entry) if checkpoint else None
    return None


def _persons(sessions: Collection[str]) -> dict[str, Person]:
    """The persons of those sessions that are plainly theirs."""
    store = SessionStore()
    rows = Session.objects.filter(session_key__in=sessions, expire_date__gt=timezone.now())
    held: dict[str, dict[str, Any]] = {
        row.session_key: store.decode(row.session_data) for row in rows
    }
    members = {key: data for key, data in held.items() if USER_SESSION_KEY in data}
    guests = {key: str(data[SESSION_KEY]) for key, data in held.items() if SESSION_KEY in data}
    persons = _members(members)
    known = _guests(set(guests.values()))
    for key, name in guests.items():
        if key not in members and name in known:
            persons[key] = known[name]
    return persons


def _guests(names: Collection[str]) -> dict[str, Person]:
    keys = []
    for name in names:
        try:
            keys.append(UUID(name))
        except ValueError:
            continue
    return {str(row.pk): row for row in Person.objects.filter(pk__in=keys, user=None)}


def _members(sessions: dict[str, dict[str, Any]]) -> dict[str, Person]:
    """As Django's `get_user` checks a session: backend, an active user, the password's hash."""
    fields = get_user_model()._meta.pk
    ids = {}
    for key, data in sessions.items():
        if data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS:
            ids[key] = fields.to_python(data[USER_SESSION_KEY])
    rows = Person.objects.filter(user__in=set(ids.values()), user__is_active=True)
    by_user = {row.user_id: row for row in rows.select_related("user")}
    hashes = {pk: row.user.get_session_auth_hash() for pk, row in by_user.items() if row.user}
    return {
        key: by_user[pk]
        for key, pk in ids.items()
        if pk in by_user
        and constant_time_compare(sessions[key].get(HASH_SESSION_KEY, ""), hashes[pk])
    }
