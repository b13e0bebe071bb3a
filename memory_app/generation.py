"""The replies being generated in this process, and the heartbeat that keeps their turns alive."""

import asyncio
import logging
from collections import deque
from uuid import UUID

from memory_app import outage_log, services, socket_count
from memory_app.asker import Asker
from memory_app.database_thread import in_thread
from memory_app.reply import Reply
from memory_app.services.operations.processes import process_left, process_report

log = logging.getLogger(__name__)
#: Seconds between heartbeats, and heartbeats between two looks for dead processes.
PULSE, RECOVER_EVERY = 1.0, 10

_running: dict[UUID, Reply] = {}
_just_ended: deque[Reply] = deque(maxlen=32)
_pulse: asyncio.Task[None] | None = None


def get(turn: UUID) -> Reply | None:
    """The reply of a turn that runs in this process."""
    return _running.get(turn)


def just_ended(turn: UUID) -> Reply | None:
    """One of the last replies that ended here, for a socket that learned of its start too late."""
    return next((reply for reply in _just_ended if reply.turn.pk == turn), None)


async def generate(begun: services.Begun, *, origin: str = "", asker: Asker | None = None) -> Reply:
    """Start the reply of a turn that `turn_begin` made; `origin` is the requester's name."""
    start()
    reply = _running[begun.turn.pk] = Reply(begun, origin, _ended, asker)
    return reply


def _ended(reply: Reply) -> None:
    _running.pop(reply.turn.pk, None)
    _just_ended.append(reply)


def start() -> None:
    """Keep this process's heartbeat going in the running event loop."""
    global _pulse  # noqa: PLW0603
    if _pulse is None or _pulse.done():
        _pulse = asyncio.create_task(_beat(), name="heartbeat")


async def _beat() -> None:
    beats = 0
    beating = True
    while True:
        try:
            running = set(_running)
            if running:
                for turn in await in_thread(services.turns_pulse, running=running):
                    if turn in _running:
                        _running[turn].stop()
            if beats % RECOVER_EVERY == 0:
                await in_thread(services.turns_recover)
            await in_thread(process_report, sockets=socket_count.sockets(), replies=len(_running))
        except Exception as fault:
            # The database may be away for a while, which must not end the heartbeat.
            if not outage_log.failed(fault, at="heartbeat") and beating:
                log.warning("heartbeat failed", exc_info=True)
            beating = False
            # Other processes that couldn't write their heartbeats either get time to do so first.
            beats = 0
        else:
            beating = True
            await in_thread(outage_log.answered)
        beats += 1
        await asyncio.sleep(PULSE)


async def stop() -> None:
    """End this process's replies as `interrupted`, so that no client waits for them."""
    global _pulse
    pulse, _pulse = _pulse, None
    tasks = [reply.task for reply in list(_running.values())]
    for task in [*tasks, *([pulse] if pulse else [])]:
        task.cancel()
    await asyncio.gather(*tasks, *([pulse] if pulse else []), return_exceptions=True)
    if pulse is not None:
        try:
            await in_thread(process_left)
        except Exception as fault:
            if not outage_log.failed(fault, at="end of the process"):
                log.warning("the process couldn't say that it ends", exc_info=True)
