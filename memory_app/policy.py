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


#: What a role may do on the dashboard (models/operations.py has them as Django's permissions).
VIEW, TRAIN, PUBLISH, OPERATE = "view_dashboard", "train", "publish", "operate"


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
    # What a member of staff must be allowed to: to see, and to act by POST where that is more.
    permission: str = ""
    act: str = ""
    # Let in by these buckets (memory_app/limits/): by POST where there is one, else by GET.
    limit: str = ""
    # By both, where showing the page is what computes.
    limit_reads: bool = False

    def permission_for(self, method: str | None) -> str:
        """The permission that a request of this method needs; empty for none."""
        name = self.act if self.act and method == "POST" else self.permission
        return f"memory_app.{name}" if name else ""

    def is_limited(self, method: str | None) -> bool:
        """Whether a request of this method is let in by the row's limit."""
        reads = self.limit_reads or "POST" not in self.methods
        return bool(self.limit) and (method == "POST" or reads)


READ_WRITE = ("GET", "HEAD", "POST")
ROWS = (
    Row("http", "front", ANYONE, ("GET", "HEAD")),
    Row("http", "about_memory", ANYONE, ("GET", "HEAD")),
    Row("http", "signup", ANYONE, ("GET", "HEAD", "POST"), limit="signups"),
    Row("http", "login", ANYONE, ("GET", "HEAD", "POST"), limit="logins"),
    Row("http", "logout", ANYONE, ("POST",)),
    Row("http", "account", ANYONE, ("GET", "HEAD")),
    # A stranger is sent to the log-in. Wrong passwords count as failed log-ins here, too.
    Row("http", "account_page", ANYONE, ("GET", "HEAD", "POST"), limit="logins"),
    # Whose data is the session's to say: neither takes an id.
    Row("http", "account_export", PERSON, ("GET", "HEAD"), limit="exports"),
    Row("http", "account_delete", PERSON, ("GET", "HEAD", "POST"), limit="logins"),
    Row("http", "set_language", ANYONE, ("POST",)),
    Row("http", "chats", ANYONE, ("GET", "HEAD")),
    Row("http", "chats_import", ANYONE, ("POST",), limit="imports"),
    Row("http", "chat_new", ANYONE, ("POST",), limit="chats"),
    Row("http", "chat", OWNER, ("GET", "HEAD"), imports_too=True),
    Row("http", "chat_rename", OWNER, ("POST",)),
    Row("http", "chat_delete", OWNER, ("POST",), imports_too=True),
    Row("http", "chat_restore", OWNER, ("POST",), deleted_too=True),
    Row("http", "chat_share", OWNER, ("POST",)),
    Row("http", "chat_share_public", OWNER, ("GET", "HEAD", "POST")),
    Row("http", "chat_pin", OWNER, ("POST",)),
    Row("http", "chat_archive", OWNER, ("POST",)),
    Row("http", "chat_remember", OWNER, ("GET", "HEAD", "POST"), limit="inspections"),
    Row("http", "chat_long_term", OWNER, ("POST",), limit="inspections"),
    Row("http", "chat_menu", OWNER, ("GET", "HEAD")),
    Row("http", "export_json", OWNER, ("GET", "HEAD"), limit="exports"),
    Row("http", "export_markdown", OWNER, ("GET", "HEAD"), limit="exports"),
    Row("http", "turns_json", OWNER, ("GET", "HEAD")),
    Row("http", "chat_state", OWNER, ("POST",), limit="messages"),
    Row("http", "memory_json", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "ledger_json", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "gauge_json", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "timeline", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "timeline_json", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "token_count", OWNER, ("POST",), limit="inspections"),
    Row("http", "turn", OWNER, ("GET", "HEAD")),
    Row("http", "turn_edit", OWNER, ("GET", "HEAD", "POST"), limit="messages"),
    Row("http", "turn_empty", OWNER, ("GET", "HEAD", "POST"), limit="traces", limit_reads=True),
    Row("http", "turn_transplant", OWNER, ("GET", "HEAD", "POST"), limit="messages"),
    Row("http", "turn_fork", OWNER, ("POST",), limit="chats"),
    Row("http", "turn_share", OWNER, ("GET", "HEAD", "POST")),
    # Of checkpoints that anyone can chat with, and of those of one's own chats.
    Row("http", "units", PERSON, ("GET", "HEAD"), limit="inspections"),
    Row("http", "units_pattern", PERSON, ("GET", "HEAD"), limit="inspections"),
    Row("http", "units_property", PERSON, ("GET", "HEAD"), limit="inspections"),
    Row("http", "unit", PERSON, ("GET", "HEAD"), limit="inspections"),
    Row("http", "unit_turns", PERSON, ("GET", "HEAD"), limit="traces"),
    # A refused note stands at this address: a GET of it goes back to the unit's page.
    Row("http", "unit_note", PERSON, ("GET", "HEAD", "POST")),
    Row("http", "turn_report", OWNER, READ_WRITE, limit="exports"),
    # The Lab stores nothing, so it needs no identity; what it computes is charged.
    Row("http", "lab", ANYONE, ("GET", "HEAD")),
    Row("http", "lab_sentiment", ANYONE, ("GET", "HEAD")),
    Row("http", "lab_sentiment_read", ANYONE, ("POST",), limit="inspections"),
    Row("http", "lab_sentiment_map", ANYONE, ("POST",), limit="traces"),
    Row("http", "lab_completion", ANYONE, ("GET", "HEAD")),
    Row("http", "lab_completion_read", ANYONE, ("POST",), limit="inspections"),
    Row("http", "lab_completion_write", ANYONE, ("POST",), limit="inspections"),
    Row("http", "lab_completion_map", ANYONE, ("POST",), limit="traces"),
    Row("http", "lab_translation", ANYONE, ("GET", "HEAD")),
    Row("http", "lab_translation_read", ANYONE, ("POST",), limit="inspections"),
    Row("http", "lab_translation_map", ANYONE, ("POST",), limit="traces"),
    Row("http", "lab_speech", ANYONE, ("GET", "HEAD")),
    # Any holder of a public link's token may read it.
    Row("http", "public_link", ANYONE, ("GET", "HEAD")),
    Row("http", "link_report", ANYONE, READ_WRITE, limit="exports"),
    Row("http", "public_preview", ANYONE, ("GET", "HEAD"), limit="inspections"),
    Row("http", "reply", OWNER, ("GET", "HEAD")),
    Row("http", "turn_gauge_json", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "gates_json", OWNER, ("GET", "HEAD"), limit="traces"),
    Row("http", "gate_map", OWNER, ("GET", "HEAD"), limit="traces"),
    Row("http", "matrix", OWNER, ("GET", "HEAD"), limit="traces"),
    Row("http", "unit_json", OWNER, ("GET", "HEAD"), limit="traces"),
    Row("http", "difference_json", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "alternatives_json", OWNER, ("GET", "HEAD"), limit="traces"),
    Row("http", "sources_json", OWNER, ("GET", "HEAD"), limit="inspections"),
    Row("http", "trace", OWNER, ("GET", "HEAD"), limit="traces"),
    Row("http", "state", OWNER, ("GET", "HEAD"), limit="exports"),
    # By its own token.
    Row("http", "metrics", ANYONE, ("GET", "HEAD")),
    # Browsers send it without a session.
    Row("http", "csp_report", ANYONE, ("POST",)),
    Row("http", "security_txt", ANYONE, ("GET", "HEAD")),
    Row("http", "terms", ANYONE, ("GET", "HEAD")),
    Row("http", "privacy", ANYONE, ("GET", "HEAD")),
    Row("http", "healthz", ANYONE, ("GET", "HEAD")),
    Row("http", "readyz", ANYONE, ("GET", "HEAD")),
    Row("http", "favicon", ANYONE, ("GET", "HEAD")),
    Row("http", "apple_touch_icon", ANYONE, ("GET", "HEAD")),
    Row("http", "robots", ANYONE, ("GET", "HEAD")),
    Row("http", "manifest", ANYONE, ("GET", "HEAD")),
    Row("http", "static", ANYONE, ("GET", "HEAD")),
    # Django's own: its login and logout answer strangers, every other page requires staff.
    Row("http", "admin:login", ANYONE, ("GET", "HEAD", "POST"), limit="logins"),
    Row("http", "admin:logout", ANYONE, ("POST",)),
    # The dashboard's (admin.py); the last row covers Django's own pages.
    Row("http", "admin:overview", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:overview_live", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:faults_dismiss", STAFF, ("POST",), permission=OPERATE),
    Row("http", "admin:runs", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:runs_compare", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:run", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:run_live", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:run_samples", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:run_log", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:run_curves", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:searches", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:search", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:checkpoints", STAFF, ("GET", "HEAD"), permission=VIEW),
    # The chats that it begins are the user's own.
    Row("http", "admin:checkpoints_try", STAFF, ("GET", "HEAD", "POST"), permission=VIEW),
    Row("http", "admin:checkpoints_compare", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:checkpoint", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:checkpoint_exams", STAFF, ("GET", "HEAD"), permission=VIEW),
    Row("http", "admin:reports", STAFF, ("GET", "HEAD"), permission=OPERATE),
    Row("http", "admin:report_close", STAFF, ("POST",), permission=OPERATE),
    Row("http", "admin:site", STAFF, ("GET", "HEAD", "POST"), permission=OPERATE),
    Row("http", "admin:showcase", STAFF, ("GET", "HEAD", "POST"), permission=OPERATE),
    Row("http", "admin:showcase_remove", STAFF, ("POST",), permission=OPERATE),
    Row("http", "admin:limits", STAFF, ("GET", "HEAD", "POST"), permission=OPERATE),
    Row("http", "admin:audit", STAFF, ("GET", "HEAD"), permission=OPERATE),
    Row("http", "admin:shared_chats", STAFF, ("GET", "HEAD"), permission=OPERATE),
    Row("http", "admin:shared_chat", STAFF, ("GET", "HEAD"), permission=OPERATE),
    Row("http", "admin:run_new", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:search_new", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    # GET shows the page, POST acts.
    Row("http", "admin:run_cancel", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:run_delete", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:search_cancel", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:corpus_delete", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:checkpoint_roll_back", STAFF, ("GET", "HEAD", "POST"), permission=PUBLISH),
    Row("http", "admin:checkpoint_promote", STAFF, ("GET", "HEAD", "POST"), permission=PUBLISH),
    Row("http", "admin:checkpoint_delete", STAFF, ("GET", "HEAD", "POST"), permission=PUBLISH),
    # A refused form stands at this address: a GET of it goes back to the object's page.
    Row("http", "admin:run_describe", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:checkpoint_evaluate", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:checkpoint_card", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:checkpoint_rename", STAFF, ("GET", "HEAD", "POST"), permission=TRAIN),
    Row("http", "admin:run_archive", STAFF, ("POST",), permission=TRAIN),
    Row("http", "admin:run_pause", STAFF, ("POST",), permission=TRAIN),
    Row("http", "admin:run_resume", STAFF, ("POST",), permission=TRAIN),
    Row("http", "admin:checkpoint_export", STAFF, ("POST",), permission=PUBLISH),
    Row(
        "http",
        "admin:corpora",
        STAFF,
        ("GET", "HEAD", "POST"),
        uploads=True,
        permission=VIEW,
        act=TRAIN,
    ),
    Row(
        "http",
        "admin:checkpoint_import",
        STAFF,
        ("GET", "HEAD", "POST"),
        uploads=True,
        permission=PUBLISH,
    ),
    Row("http", "admin:corpora_sample", STAFF, ("POST",), permission=TRAIN),
    Row("http", "admin:corpus", STAFF, ("GET", "HEAD", "POST"), permission=VIEW, act=TRAIN),
    Row("http", "admin:corpus_rows", STAFF, ("GET", "HEAD"), permission=VIEW),
    # Who has logged in by a password alone gets here, and no further.
    Row("http", "admin:second_factor", STAFF, ("GET", "HEAD", "POST"), limit="logins"),
    Row("http", "admin:*", STAFF, ("GET", "HEAD", "POST")),
    Row("ws", "connect", OWNER),
    Row("ws", "turn.send", OWNER, limit="messages"),
    Row("ws", "turn.stop", OWNER),
    Row("ws", "turn.regenerate", OWNER, limit="messages"),
    Row("ws", "turn.edit", OWNER, limit="messages"),
    Row("ws", "memory.goto", OWNER),
    Row("ws", "memory.forget", OWNER, limit="messages"),
    Row("ws", "memory.set", OWNER, limit="messages"),
    Row("ws", "memory.transplant", OWNER, limit="messages"),
    Row("ws", "stream.resume", OWNER),
    Row("ws", "ping", OWNER),
    # The Lab's socket for sound, which stores nothing.
    Row("ws", "speech.connect", ANYONE),
    Row("ws", "speech.begin", ANYONE, limit="inspections"),
    Row("ws", "speech.sound", ANYONE),
    Row("ws", "speech.end", ANYONE),
    Row("ws", "speech.map", ANYONE, limit="traces"),
    Row("task", "memory_app.tasks.train", SYSTEM),
    Row("task", "memory_app.tasks.evaluate", SYSTEM),
    Row("task", "memory_app.tasks.import_chat", SYSTEM),
    Row("task", "memory_app.tasks.consolidate", SYSTEM),
    Row("task", "memory_app.tasks.refit", SYSTEM),
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
    if row is not None and person:
        row.owner = person
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
