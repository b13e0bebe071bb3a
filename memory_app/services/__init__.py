"""The use cases: keyword-only verbs, each atomic. Callers have asked policy.py before."""

from memory_app.services.chat.chats import (
    NoCheckpoint,
    NotForChat,
    chat_archive,
    chat_create,
    chat_delete,
    chat_pin,
    chat_rename,
    chat_restore,
    chat_share,
    chats_purge,
)
from memory_app.services.chat.front_figure import FirstLook, first_look
from memory_app.services.chat.import_chat import Replayed, chat_check, chat_import, chat_replay
from memory_app.services.chat.import_queue import file_import, import_cancel
from memory_app.services.chat.memory import (
    chat_model,
    head_move,
    state_after,
    state_stored,
    turn_replay,
)
from memory_app.services.chat.persons import (
    on_login,
    person_ensure,
    person_merge,
    person_of_request,
    person_of_session,
    person_present,
)
from memory_app.services.chat.traces import turn_trace, turn_trace_ahead, turn_window_trace
from memory_app.services.chat.turns import (
    Begun,
    TurnGone,
    turn_begin,
    turn_commit,
    turn_fail,
    turn_interrupt,
    turn_stop,
    turns_pulse,
    turns_recover,
)
from memory_app.services.operations.cleanup import leftovers_purge

__all__ = [
    "Begun",
    "FirstLook",
    "NoCheckpoint",
    "NotForChat",
    "Replayed",
    "TurnGone",
    "chat_archive",
    "chat_check",
    "chat_create",
    "chat_delete",
    "chat_import",
    "chat_model",
    "chat_pin",
    "chat_rename",
    "chat_replay",
    "chat_restore",
    "chat_share",
    "chats_purge",
    "file_import",
    "first_look",
    "head_move",
    "import_cancel",
    "leftovers_purge",
    "on_login",
    "person_ensure",
    "person_merge",
    "person_of_request",
    "person_of_session",
    "person_present",
    "state_after",
    "state_stored",
    "turn_begin",
    "turn_commit",
    "turn_fail",
    "turn_interrupt",
    "turn_replay",
    "turn_stop",
    "turn_trace",
    "turn_trace_ahead",
    "turn_window_trace",
    "turns_pulse",
    "turns_recover",
]
