"""The use cases: keyword-only verbs, each atomic. Callers have asked policy.py before."""

from memory_app.services.chat.chats import (
    NoCheckpoint,
    NotForChat,
    chat_archive,
    chat_create,
    chat_delete,
    chat_long_term,
    chat_pin,
    chat_rename,
    chat_restore,
    chat_share,
    chats_purge,
)
from memory_app.services.chat.fork import chat_fork
from memory_app.services.chat.import_chat import Replayed, chat_check, chat_import, chat_replay
from memory_app.services.chat.import_queue import file_import, import_cancel
from memory_app.services.chat.ledger import ChatLedger, chat_ledger
from memory_app.services.chat.long_term import chat_forgotten, consolidation_ask
from memory_app.services.chat.memory import (
    chat_model,
    head_move,
    state_after,
    state_stored,
    turn_replay,
)
from memory_app.services.chat.memory_change import Changed, memory_set, memory_transplant
from memory_app.services.chat.memory_forget import (
    ForgetPlan,
    forget_plan,
    forget_store,
    memory_forget,
)
from memory_app.services.chat.mind_file import memory_load, mind_file_most
from memory_app.services.chat.persons import (
    on_login,
    person_ensure,
    person_merge,
    person_of_request,
    person_of_session,
    person_present,
)
from memory_app.services.chat.public_links import (
    link_by_token,
    link_of,
    link_open,
    link_revoke,
)
from memory_app.services.chat.sources import (
    TokenSources,
    saliency,
    token_effects,
    token_sources,
)
from memory_app.services.chat.timeline import MOST as TIMELINE_MOST
from memory_app.services.chat.timeline import ChatTimeline, chat_timeline
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
    "TIMELINE_MOST",
    "Begun",
    "Changed",
    "ChatLedger",
    "ChatTimeline",
    "ForgetPlan",
    "NoCheckpoint",
    "NotForChat",
    "Replayed",
    "TokenSources",
    "TurnGone",
    "chat_archive",
    "chat_check",
    "chat_create",
    "chat_delete",
    "chat_forgotten",
    "chat_fork",
    "chat_import",
    "chat_ledger",
    "chat_long_term",
    "chat_model",
    "chat_pin",
    "chat_rename",
    "chat_replay",
    "chat_restore",
    "chat_share",
    "chat_timeline",
    "chats_purge",
    "consolidation_ask",
    "file_import",
    "forget_plan",
    "forget_store",
    "head_move",
    "import_cancel",
    "leftovers_purge",
    "link_by_token",
    "link_of",
    "link_open",
    "link_revoke",
    "memory_forget",
    "memory_load",
    "memory_set",
    "memory_transplant",
    "mind_file_most",
    "on_login",
    "person_ensure",
    "person_merge",
    "person_of_request",
    "person_of_session",
    "person_present",
    "saliency",
    "state_after",
    "state_stored",
    "token_effects",
    "token_sources",
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
