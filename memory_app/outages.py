"""A full disk or an absent database, distinguished from faults of the program.

Neither loses data: what couldn't be stored wasn't, and each ends by itself.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import SQLITE_FULL

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from memory_app.core.number_text import size_text

#: Bytes below which a disk counts as full: SQLite writes a page several times before it is safe.
LEAST = 16 << 20
FULL = _(
    "The server’s disk is full, so nothing can be stored. What is stored is safe;"
    " try again when there is room."
)
AWAY = _("The database doesn’t answer. What is stored is safe; try again in a moment.")
_FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT}
#: PostgreSQL's disk_full.
_FULL_STATE = "53100"


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or fault.__context__


def _is_full(fault: BaseException) -> bool:
    return (
        getattr(fault, "sqlite_errorcode", None) == SQLITE_FULL
        or getattr(fault, "sqlstate", None) == _FULL_STATE
        or (isinstance(fault, OSError) and fault.errno in _FULL_ERRORS)
    )


def sentence(fault: BaseException | None) -> Promise | None:
    """The sentence for a visitor on an outage; None for any other fault."""
    chain = list(_chain(fault))
    if any(_is_full(link) for link in chain):
        return FULL
    if any(isinstance(link, OperationalError | InterfaceError) for link in chain):
        # On a disk without room for one more page SQLite can't create or write its journal, and
        # reports that under other names.
        return FULL if full_disks() else AWAY
    return None


def _places() -> set[Path]:
    """The folders in which the site must be able to write."""
    places = {Path(settings.DATA_DIR)}
    if connection.vendor == "sqlite":
        places.add(Path(str(connection.settings_dict["NAME"])).absolute().parent)
    return places


def full_disks() -> list[str]:
    """A sentence for the operator for each of the site's disks that is full."""
    sentences = []
    for place in sorted(_places()):
        try:
            disk = os.statvfs(place)
        except OSError as fault:
            sentences.append(f"{place} can't be read: {fault.strerror}.")
            continue
        free = disk.f_bavail * disk.f_frsize
        if free < LEAST:
            sentences.append(f"The disk of {place} is full: {size_text(free)} are free.")
        elif disk.f_files and not disk.f_favail:
            sentences.append(f"The disk of {place} is full: no more files can be made on it.")
    return sentences
