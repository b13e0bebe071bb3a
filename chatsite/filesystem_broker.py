"""Celery's queue in files, of which no process ever reads half.

kombu's own transport writes a message, and the table of listeners, in place: another process may
read half of it, also after a kill, and the worker ends with a JSONDecodeError. Here each file is
written beside and renamed into place; a file that is damaged all the same (a power cut, an older
version) is dropped with a warning. Its content isn't lost: the rows decide, and they are polled
every five seconds.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem, virtual
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps, loads

from memory_app.core.atomic_files import whole_file

log = logging.getLogger(__name__)


def _write(path: Path, content: Any) -> None:
    """Write all of it or nothing, for the site's user alone."""
    try:
        with whole_file(path) as file:
            file.write(dumps(content).encode())
    except OSError as fault:
        raise ChannelError(f"{path.name} can't be written: {fault.strerror}") from fault


def _read(path: Path, is_sound: Callable[[Any], bool]) -> Any:
    """The content of a file; None, with a warning in the log, where it is damaged."""
    try:
        content = loads(path.read_bytes().decode())
    except (ValueError, RecursionError):
        content = None
    if is_sound(content):
        return content
    log.warning("a damaged file of the broker is passed over", extra={"file": path.name})
    return None


def _is_message(content: Any) -> bool:
    properties = content.get("properties") if isinstance(content, dict) else None
    return isinstance(properties, dict) and {"delivery_tag", "delivery_info"} <= properties.keys()


def _is_table(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(row, list) and len(row) == 3 for row in content
    )


class Channel(filesystem.Channel):
    """Messages in `data_folder_in`, taken by a rename into `processed_folder`; tables of an
    exchange's listeners in `control_folder`."""

    # kombu names the second one `message` in one class and `payload` in the next.
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        _write(Path(self.data_folder_out) / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.processed_folder) / name
            try:
                # Of several that try, one succeeds.
                (Path(self.data_folder_in) / name).rename(taken)
            except FileNotFoundError:
                continue
            message = _read(taken, _is_message)
            taken.unlink(missing_ok=True)
            if message is not None:
                return message
        raise Empty

    def _stored(self, exchange: str) -> list[Any] | None:
        """The table of an exchange as stored; None where there is no valid one."""
        try:
            rows = _read(self._exchange_file(exchange), _is_table)
        except FileNotFoundError:
            return None
        return None if rows is None else [exchange_queue_t(*row) for row in rows]

    def _known(self, exchange: str) -> list[Any]:
        """The part of a table that this process has bound itself: what a damaged one has left."""
        return [
            exchange_queue_t(*(part or "" for part in row))
            for row in (
                self.typeof(exchange).prepare_bind(key.queue, exchange, key.routing_key, {})
                for key in list(self.state.bindings)
                if key.exchange == exchange
            )
        ]

    def get_table(self, exchange: str) -> list[Any]:
        """The listeners of an exchange."""
        rows = self._stored(exchange)
        return self._known(exchange) if rows is None else rows

    @contextmanager
    def _changing(self, exchange: str) -> Iterator[list[Any]]:
        """The table of an exchange, written back when it was changed; one process at a time."""
        file = self._exchange_file(exchange)
        self.control_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stored = self._stored(exchange)
            rows = self._known(exchange) if stored is None else list(stored)
            yield rows
            if rows != stored:
                _write(file, rows)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._changing(exchange) as rows:
            if row not in rows:
                rows.insert(0, row)

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **facts: Any
    ) -> None:
        virtual.Channel._delete(self, queue, exchange, routing_key, pattern, *args, **facts)
        row = exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._changing(exchange) as rows:
            if row in rows:
                rows.remove(row)


class Transport(filesystem.Transport):
    """Used by settings.py without a broker; POSIX only, as the rest of the site."""

    Channel = Channel
    # One state for all connections of a process, as in kombu, but not shared with kombu's own.
    global_state = virtual.BrokerState()
