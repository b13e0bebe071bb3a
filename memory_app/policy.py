"""Who may do what: one row for every route, socket message and task; without a row it is refused.

`anyone`    no identity needed
`person`    a guest or a member
`owner`     the person whose chat or turn the id names; for others it doesn't exist
`staff`     a user with Django's staff flag
`system`    tasks alone: queued by a service, never by a request
"""

from dataclasses import dataclass
from uuid import UUID

from memory_app.models import Chat, ChatImport, ImportStatus, Person, Turn
from memory_app.pending_chats import pending_chat

ANYONE, PERSON, OWNER, STAFF, SYSTEM = "anyone", "person", "owner", "staff", "system"


class NoPolicy(LookupError):
    """A route, message or task without a row here."""


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    name: str
    policy: str
    methods: tuple[str, ...] = ()
    # The only action on a deleted chat is to undo its deletion.
    deleted_too: bool = False
    # Takes files: a body of this route may be large if the user may upload (middleware.py).
    uploads: bool = False
    # Works on a chat that is still being imported.
    imports_too: bool = False


ROWS = (
    Row("http", "front", ANYONE, ("GET", "HEAD")),
    Row("http", "about_memory", ANYONE, ("GET", "HEAD")),
    Row("http", "signup", ANYONE, ("GET", "HEAD", "POST")),
    Row("http", "login", ANYONE, ("GET", "HEAD", "POST")),
    Row("http", "logout", ANYONE, ("POST",)),
    Row("http", "account", ANYONE, ("GET", "HEAD")),
    Row("http", "set_language", ANYONE, ("POST",)),
    Row("http", "chats", ANYONE, ("GET", "HEAD")),
    Row("http", "chats_import", ANYONE, ("POST",)),
    Row("http", "chat_new", ANYONE, ("POST",)),
    Row("http", "chat", OWNER, ("GET", "HEAD"), imports_too=True),
    Row("http", "chat_rename", OWNER, ("POST",)),
    Row("http", "chat_delete", OWNER, ("POST",), imports_too=True),
    Row("http", "chat_restore", OWNER, ("POST",), deleted_too=True),
    Row("http", "chat_share", OWNER, ("POST",)),
    Row("http", "chat_pin", OWNER, ("POST",)),
    Row("http", "chat_archive", OWNER, ("POST",)),
    Row("http", "chat_menu", OWNER, ("GET", "HEAD")),
    Row("http", "export_json", OWNER, ("GET", "HEAD")),
    Row("http", "export_markdown", OWNER, ("GET", "HEAD")),
    Row("http", "turns_json", OWNER, ("GET", "HEAD")),
    Row("http", "memory_json", OWNER, ("GET", "HEAD")),
    Row("http", "token_count", OWNER, ("POST",)),
    Row("http", "turn", OWNER, ("GET", "HEAD")),
    Row("http", "reply", OWNER, ("GET", "HEAD")),
    Row("http", "gates_json", OWNER, ("GET", "HEAD")),
    Row("http", "gate_map", OWNER, ("GET", "HEAD")),
    Row("http", "matrix", OWNER, ("GET", "HEAD")),
    Row("http", "unit_json", OWNER, ("GET", "HEAD")),
    Row("http", "alternatives_json", OWNER, ("GET", "HEAD")),
    Row("http", "trace", OWNER, ("GET", "HEAD")),
    Row("http", "state", OWNER, ("GET", "HEAD")),
    Row("http", "healthz", ANYONE, ("GET", "HEAD")),
    Row("http", "readyz", ANYONE, ("GET", "HEAD")),
    Row("http", "favicon", ANYONE, ("GET", "HEAD")),
    Row("http", "apple_touch_icon", ANYONE, ("GET", "HEAD")),
    Row("http", "robots", ANYONE, ("GET", "HEAD")),
    Row("http", "manifest", ANYONE, ("GET", "HEAD")),
    Row("http", "static", ANYONE, ("GET", "HEAD")),
    # Django's own: its login and logout answer strangers, every other page requires staff.
    Row("http", "admin:login", ANYONE, ("GET", "HEAD", "POST")),
    Row("http", "admin:logout", ANYONE, ("POST",)),
    # The dashboard's (admin.py); the last row covers Django's own pages.
    Row("http", "admin:overview", STAFF, ("GET", "HEAD")),
    Row("http", "admin:overview_live", STAFF, ("GET", "HEAD")),
    Row("http", "admin:runs", STAFF, ("GET", "HEAD")),
    Row("http", "admin:runs_compare", STAFF, ("GET", "HEAD")),
    Row("http", "admin:run", STAFF, ("GET", "HEAD")),
    Row("http", "admin:run_live", STAFF, ("GET", "HEAD")),
    Row("http", "admin:run_samples", STAFF, ("GET", "HEAD")),
    Row("http", "admin:run_log", STAFF, ("GET", "HEAD")),
    Row("http", "admin:run_curves", STAFF, ("GET", "HEAD")),
    Row("http", "admin:searches", STAFF, ("GET", "HEAD")),
    Row("http", "admin:search", STAFF, ("GET", "HEAD")),
    Row("http", "admin:checkpoints", STAFF, ("GET", "HEAD")),
    # The chats that it begins are the user's own.
    Row("http", "admin:checkpoints_try", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:checkpoints_compare", STAFF, ("GET", "HEAD")),
    Row("http", "admin:checkpoint", STAFF, ("GET", "HEAD")),
    Row("http", "admin:checkpoint_exams", STAFF, ("GET", "HEAD")),
    Row("http", "admin:audit", STAFF, ("GET", "HEAD")),
    Row("http", "admin:shared_chats", STAFF, ("GET", "HEAD")),
    Row("http", "admin:shared_chat", STAFF, ("GET", "HEAD")),
    Row("http", "admin:run_new", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:search_new", STAFF, ("GET", "HEAD", "POST")),
    # GET shows the page, POST acts.
    Row("http", "admin:run_cancel", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:run_delete", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:search_cancel", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:corpus_delete", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:checkpoint_roll_back", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:checkpoint_promote", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:checkpoint_delete", STAFF, ("GET", "HEAD", "POST")),
    Row("http", "admin:run_describe", STAFF, ("POST",)),
    Row("http", "admin:run_archive", STAFF, ("POST",)),
    Row("http", "admin:run_pause", STAFF, ("POST",)),
    Row("http", "admin:run_resume", STAFF, ("POST",)),
    Row("http", "admin:checkpoint_evaluate", STAFF, ("POST",)),
    Row("http", "admin:checkpoint_card", STAFF, ("POST",)),
    Row("http", "admin:checkpoint_rename", STAFF, ("POST",)),
    Row("http", "admin:checkpoint_export", STAFF, ("POST",)),
    Row("http", "admin:corpora", STAFF, ("GET", "HEAD", "POST"), uploads=True),
    Row("http", "admin:checkpoint_import", STAFF, ("GET", "HEAD", "POST"), uploads=True),
    Row("http", "admin:*", STAFF, ("GET", "HEAD", "POST")),
    Row("ws", "connect", OWNER),
    Row("ws", "turn.send", OWNER),
    Row("ws", "turn.stop", OWNER),
    Row("ws", "turn.regenerate", OWNER),
    Row("ws", "turn.edit", OWNER),
    Row("ws", "memory.goto", OWNER),
    Row("ws", "stream.resume", OWNER),
    Row("ws", "ping", OWNER),
    Row("task", "memory_app.tasks.train", SYSTEM),
    Row("task", "memory_app.tasks.evaluate", SYSTEM),
    Row("task", "memory_app.tasks.import_chat", SYSTEM),
    Row("task", "memory_app.tasks.recover", SYSTEM),
    Row("task", "memory_app.tasks.purge", SYSTEM),
)
_BY_NAME = {(row.kind, row.name): row for row in ROWS}


def row_of(kind: str, name: str) -> Row:
    """The row of a route's view name, a message type or a task; NoPolicy if there is none."""
    row = _BY_NAME.get((kind, name))
    if row is None and ":" in name:
        row = _BY_NAME.get((kind, name.partition(":")[0] + ":*"))
    if row is None:
        raise NoPolicy(f"{kind} {name!r} has no row in policy.py.")
    return row


def owned_chat(
    person: Person | None, chat: UUID | str, *, deleted_too: bool = False
) -> Chat | None:
    """The chat if it is this person's, else None: absent, deleted and another's look the same.

    `deleted_too` is for the one route that undoes a deletion.
    """
    rows = Chat.objects.filter(owner=person) if person and deleted_too else Chat.objects.of(person)
    row = rows.select_related("checkpoint").filter(pk=chat).first()
    # A chat that was opened and has no message has no row.
    return row or pending_chat(person, chat, deleted_too=deleted_too)


def owned_import(person: Person | None, chat: UUID | str) -> ChatImport | None:
    """The import that will make this chat, if it is this person's and isn't done."""
    if not person:
        return None
    rows = person.imports.exclude(status=ImportStatus.FINISHED).defer("data")
    return rows.filter(pk=chat).first()


def owned_turn(person: Person | None, turn: UUID | str) -> Turn | None:
    """The turn if it is in this person's chat, else None."""
    return Turn.objects.of(person).filter(pk=turn).first()
