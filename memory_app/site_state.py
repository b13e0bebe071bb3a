"""Whether the site takes chats and messages now: the staff's switch, a setting, the disk."""

import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from memory_app.core.number_text import size_text
from memory_app.models import SiteSwitch
from memory_app.refusal import Refused

#: Seconds after which a change holds in every process.
FRESH = 2.0
READ_ONLY = _("The site is read only at the moment: chats can be read or deleted, not continued.")
DISK_READ_ONLY = _("The server’s disk is nearly full: chats can be read or deleted, not continued.")
NO_NEW_CHATS = _("The server’s disk is filling up, so no new chats can begin. Others go on.")
#: What a request of each kind (memory_app/limits/table.py) changes.
_WRITES = {"messages", "chats", "imports", "signups", "guests"}
_BEGINS = {"chats", "imports"}


@dataclass(frozen=True, slots=True)
class State:
    """`why_read_only` and `why_no_chats` are empty where that is allowed."""

    why_read_only: str | Promise = ""
    why_no_chats: str | Promise = ""
    notice_en: str = ""
    notice_zh: str = ""
    free_mb: int = 0

    @property
    def notice(self) -> str:
        """In the reader's language, else in the other."""
        chinese = (get_language() or "").startswith("zh")
        first, second = (self.notice_en, self.notice_zh)[:: -1 if chinese else 1]
        return first or second


_lock = threading.Lock()
_state = State()
_read_at = float("-inf")


def free_mb() -> int:
    """MiB free for the site on the fullest of its disks."""
    disk = os.statvfs(settings.DATA_DIR)
    return disk.f_bavail * disk.f_frsize >> 20


def state_now() -> State:
    """The state, at most two seconds old; while the database is away the last one known."""
    global _state, _read_at  # noqa: PLW0603
    with _lock:
        if time.monotonic() - _read_at > FRESH:
            try:
                _state = _read()
            except DatabaseError:
                pass  # who asks for more will hear of it
            _read_at = time.monotonic()
        return _state


def reread() -> None:
    """Read the state anew at the next request."""
    global _read_at  # noqa: PLW0603
    with _lock:
        _read_at = float("-inf")


def _read() -> State:
    row = SiteSwitch.objects.first() or SiteSwitch()
    free = free_mb()
    read_only: str | Promise = ""
    if settings.READ_ONLY or row.read_only:
        read_only = READ_ONLY
    elif free < settings.DISK_READ_ONLY_MB:
        read_only = DISK_READ_ONLY
    no_chats = read_only or (NO_NEW_CHATS if free < settings.DISK_NO_CHATS_MB else "")
    return State(read_only, no_chats, row.notice_en, row.notice_zh, free)


def admit(kind: str) -> None:
    """Let a request of this kind in.

    Raises:
        Refused: `unavailable`, in the sentence that the pages show.
    """
    state = state_now()
    if state.why_read_only and kind in _WRITES:
        raise Refused("unavailable", state.why_read_only)
    if state.why_no_chats and kind in _BEGINS:
        raise Refused("unavailable", state.why_no_chats)


def disk_sentence() -> str:
    """For an operator: empty while there is room."""
    free = free_mb()
    for bound, words in (
        (settings.DISK_READ_ONLY_MB, "the site is read only"),
        (settings.DISK_NO_CHATS_MB, "no new chats begin"),
        (settings.DISK_WARN_MB, "make room soon"),
    ):
        if free < bound:
            return f"{size_text(free << 20)} are free, less than {size_text(bound << 20)}: {words}."
    return ""


def site_state(request: HttpRequest) -> dict[str, Any]:
    """For every page: what its banner says."""
    state = state_now()
    return {
        "site_demo": settings.DEMO,
        "site_notice": state.notice,
        "site_closed": state.why_read_only or state.why_no_chats,
    }
