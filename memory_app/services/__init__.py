"""The use cases: keyword-only verbs, each of them atomic. Whoever calls has asked policy.py."""

from memory_app.services.chats import chat_create, chat_delete, chat_rename
from memory_app.services.persons import (
    on_login,
    person_ensure,
    person_merge,
    person_of_request,
    person_of_session,
)

__all__ = [
    "chat_create",
    "chat_delete",
    "chat_rename",
    "on_login",
    "person_ensure",
    "person_merge",
    "person_of_request",
    "person_of_session",
]
