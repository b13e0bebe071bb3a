"""The traces that were looked at last: a person who opens one asks for gate after gate of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar, cast


class Sized(Protocol):
    """What can be kept: a trace, or the states at the borders of a long turn's windows."""

    @property
    def size(self) -> int:
        """Its bytes once all of it is computed."""
        ...


_Kept = TypeVar("_Kept", bound=Sized)


class TraceCache:
    """Traces by key, the least recently used dropped first. Any thread may ask.

    `max_bytes` bounds them all together; the last one is kept however large it is, since whoever
    asked for it is about to ask again.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[Hashable, Sized] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], _Kept]) -> _Kept:
        """The trace of this key, made when it isn't here; two who ask at once get the same one."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("_Kept", self._kept[key])
        made = make()
        with self._lock:
            made = cast("_Kept", self._kept.setdefault(key, made))
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and self.size > self.max_bytes:
                self._kept.popitem(last=False)
        return made

    @property
    def size(self) -> int:
        """Bytes of all that is kept, once it is computed."""
        return sum(trace.size for trace in self._kept.values())

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def clear(self) -> None:
        """Let all of them go."""
        with self._lock:
            self._kept.clear()
