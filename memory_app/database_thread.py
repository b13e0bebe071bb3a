"""Database calls from the event loop."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def in_thread(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run a call that reads or writes the database in any free thread.

    Not in Django's single thread, where replies would queue behind each other.
    """
    return await database_sync_to_async(call, thread_sensitive=False)(*args, **kwargs)
