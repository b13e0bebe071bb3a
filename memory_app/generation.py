"""Replies being spoken in this process: one task a running turn, whoever listens or leaves.

A reply keeps every frame it has sent until it ends, so that any number of sockets read the same
stream, each at its own pace and from wherever it left off; nobody's slowness is another's.
"""

import asyncio
import functools
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

from memory_app import channel_notices, outage_log, runtime, services, socket_count
from memory_app.core.engine.scheduler import EngineFull
from memory_app.core.model.state import State
from memory_app.models import Turn, TurnStatus
from memory_app.protocol import TurnFinished, TurnStarted, TurnToken, TurnUnstored, encode
from memory_app.services.operations.processes import process_left, process_report

log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")
#: Seconds between heartbeats, and how many of them between two looks for dead processes.
PULSE, RECOVER_EVERY = 1.0, 10
#: Seconds: between two tries to store a reply (doubling, at most); for the last one, as the process
#: ends.
RETRY_FIRST, RETRY_MOST, LAST_TRY = 0.5, 5.0, 3.0
#: Tokens of a turn from which on its replay is computed aside: some 200 ms of one core.
LONG_TURN = 512
_STATUS = {
    "end": TurnStatus.COMPLETE,
    "stopped": TurnStatus.STOPPED,
    "length": TurnStatus.LENGTH,
    "loop": TurnStatus.LENGTH,
}


async def in_thread(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run what reads or writes the database, in any thread: replies don't queue for one."""
    return await database_sync_to_async(call, thread_sensitive=False)(*args, **kwargs)


def shown(text: str) -> str:
    """What a model said, as it is sent and stored: it may say NUL, which no PostgreSQL takes."""
    return text.replace("\0", "\ufffd")


def started(turn: Turn) -> TurnStarted:
    return {
        "type": "turn.started",
        "turn": str(turn.pk),
        "client_turn_id": str(turn.client_turn_id),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "seed": turn.seed,
    }


def finished(turn: Turn) -> TurnFinished:
    return {
        "type": "turn.finished",
        "turn": str(turn.pk),
        "client_turn_id": str(turn.client_turn_id),
        "status": str(turn.status),
        "reply_text": turn.reply_text,
        "reply_tokens": len(turn.reply_token_ids),
        "state_sha256": turn.state_sha256,
        "cut_by": turn.cut_by,
    }


def unstored(turn: UUID) -> TurnUnstored:
    return {"type": "turn.unstored", "turn": str(turn)}


def group_of(chat: UUID) -> str:
    """The channel layer's group of one chat's sockets."""
    return f"chat.{chat.hex}"


def tell(chat: UUID, event: str, **facts: Any) -> None:
    """A sparse event to the chat's other sockets: a hint, since the layer may drop it."""
    channel_notices.tell(group_of(chat), {"type": event, **facts})


class Reply:
    """One running turn: its frames so far, and its end once it has come."""

    def __init__(self, begun: services.Begun, origin: str = "") -> None:
        self.turn = begun.turn
        self.frames: list[str] = []
        self.end: TurnFinished | None = None
        # The reply has ended and couldn't be stored yet: it is kept here and tried again.
        self.unstored = False
        self._begun = begun
        self._origin = origin
        self._stream: Any = None
        self._texts: list[str] = []
        self._first_token_ms: int | None = None
        self._after: State | None = None
        self._stopped = False
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"reply-{begun.turn.pk}")

    def stop(self) -> None:
        """End the reply at the engine's next step; what was sent so far is committed."""
        self._stopped = True
        if self._stream is not None:
            self._stream.cancel()

    async def follow(self, after: int = -1) -> AsyncIterator[str]:
        """Every frame after the one with this number, as it comes; ends when the turn has ended."""
        following = after + 1
        while True:
            news = self._news
            while following < len(self.frames):
                yield self.frames[following]
                following += 1
            if self.end is not None:
                return
            await news.wait()

    def _publish(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _run(self) -> None:
        try:
            await self._speak_and_store()
        except (asyncio.CancelledError, services.TurnGone):
            # Of a turn that is gone or ended elsewhere this only reads what became of it.
            await self._store(services.turn_interrupt)
        except EngineFull:
            log.warning("no room for a reply", extra={"turn": str(self.turn.pk)})
            await self._store(services.turn_fail)
        except Exception as fault:
            if not outage_log.failed(fault, at="reply"):
                log.exception("reply failed", extra={"turn": str(self.turn.pk)})
            await self._store(services.turn_fail)
        finally:
            if self._stream is not None:
                # A reply that nobody awaits any more must not be computed on.
                self._stream.cancel()
            if self.turn.status == TurnStatus.RUNNING:
                # Not even that could be stored: recovery will, once the heartbeat is old.
                self.turn.status = TurnStatus.FAILED
            self.end = finished(self.turn)
            _speaking.pop(self.turn.pk, None)
            _just_ended.append(self)
            self._publish()
            tell(self.turn.chat_id, "turn.finished", frame=self.end)

    async def _speak_and_store(self) -> None:
        tell(self.turn.chat_id, "turn.started", frame=started(self.turn), origin=self._origin)
        ids, status = await self._speak()
        if status is not None:
            await self._keep(ids, status)
        else:
            log.error("the engine failed a reply", extra={"turn": str(self.turn.pk)})
            await self._store(services.turn_fail)

    async def _keep(self, ids: list[int], status: TurnStatus) -> None:
        """Commit what was shown, again and again while the database is away or locked.

        Exactly once: `turn_commit` asks for a running turn, so a try whose answer was lost makes
        the next one raise TurnGone, and the row is read.
        """
        wait = RETRY_FIRST
        while True:
            try:
                await self._commit(ids, status)
            except (OperationalError, InterfaceError) as fault:
                outage_log.failed(fault, at="commit of a turn")
                if not self.unstored:
                    self.unstored = True
                    log.debug("a reply can't be stored yet", extra={"turn": str(self.turn.pk)})
                    frame = unstored(self.turn.pk)
                    tell(self.turn.chat_id, "turn.unstored", frame=frame)
            else:
                if self.unstored:
                    log.info("a reply was stored late", extra={"turn": str(self.turn.pk)})
                return
            try:
                await asyncio.sleep(wait)
            except asyncio.CancelledError:
                # The process ends: one more try, then nobody will have the reply.
                with suppress(OperationalError, InterfaceError, TimeoutError):
                    await asyncio.wait_for(self._commit(ids, status), LAST_TRY)
                    return
                raise
            wait = min(RETRY_MOST, 2 * wait)

    async def _store(self, end: Callable[..., object]) -> None:
        try:
            await in_thread(end, turn=self.turn)
        except Exception as fault:
            if not outage_log.failed(fault, at="end of a reply"):
                log.exception("a reply's end wasn't stored", extra={"turn": str(self.turn.pk)})

    async def _speak(self) -> tuple[list[int], TurnStatus | None]:
        begun = self._begun
        assert begun.model is not None
        assert begun.before is not None
        assert begun.sampling is not None
        tokenizer = begun.model.tokenizer
        text = tokenizer.stream()
        ids: list[int] = []
        self._stream = runtime.get_engine().submit(
            begun.model.sha256,
            tokenizer.prompt_ids(begun.turn.user_token_ids),
            begun.before,
            begun.sampling,
            group=begun.turn.chat.owner_id,
        )
        if self._stopped:
            self._stream.cancel()
        async for event in self._stream:
            if not ids:
                waited = time.monotonic() - begun.taken
                self._first_token_ms = round(1000 * waited)
            frame: TurnToken = {
                "type": "turn.token",
                "turn": str(begun.turn.pk),
                "seq": len(ids),
                "text": shown(text.push(event.token_id)),
                "token_id": event.token_id,
                "logprob": event.logprob,
                "gates": event.gates,
            }
            self.frames.append(encode(frame))
            self._texts.append(frame["text"])
            ids.append(event.token_id)
            self._publish()
        return ids, _STATUS.get(self._stream.finish_reason)

    async def _commit(self, ids: list[int], status: TurnStatus) -> None:
        begun = self._begun
        assert begun.model is not None
        assert begun.before is not None
        if self._after is None:
            # Once, however often the commit is tried.
            replay = functools.partial(
                services.turn_replay,
                turn=self.turn,
                before=begun.before,
                reply_ids=ids,
                model=begun.model,
            )
            if len(begun.turn.user_token_ids) + len(ids) > LONG_TURN:
                # Aside and one at a time: a replay of seconds would take the processor, and enough
                # of them every thread that reads the database, from the replies being spoken.
                stopped = status == TurnStatus.STOPPED
                self._after = await asyncio.wrap_future(
                    runtime.compute_aside(replay, queue="stopped" if stopped else "replies")
                )
            else:
                self._after = await in_thread(replay)
        # The texts that were sent, joined: bytes of a character that never got whole are not in it.
        await in_thread(
            services.turn_commit,
            turn=self.turn,
            model=begun.model,
            before=begun.before,
            after=self._after,
            reply_ids=ids,
            reply_text="".join(self._texts),
            status=status,
            first_token_ms=self._first_token_ms,
        )


_speaking: dict[UUID, Reply] = {}
_just_ended: deque[Reply] = deque(maxlen=32)
_pulse: asyncio.Task[None] | None = None


def get(turn: UUID) -> Reply | None:
    """The reply of a turn that runs in this process."""
    return _speaking.get(turn)


def just_ended(turn: UUID) -> Reply | None:
    """One of the last replies that ended here, for a socket that was told of its start too late."""
    return next((reply for reply in _just_ended if reply.turn.pk == turn), None)


async def speak(begun: services.Begun, *, origin: str = "") -> Reply:
    """Start the reply of a turn that `turn_begin` has made; `origin` is the asker's name."""
    start()
    reply = _speaking[begun.turn.pk] = Reply(begun, origin)
    return reply


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
            speaking = set(_speaking)
            if speaking:
                for turn in await in_thread(services.turns_pulse, speaking=speaking):
                    if turn in _speaking:
                        _speaking[turn].stop()
            if beats % RECOVER_EVERY == 0:
                await in_thread(services.turns_recover)
            await in_thread(process_report, sockets=socket_count.sockets(), replies=len(_speaking))
        except Exception as fault:
            # The database may be away for a while; the heartbeat isn't what should end for it.
            if not outage_log.failed(fault, at="heartbeat") and beating:
                log.warning("heartbeat failed", exc_info=True)
            beating = False
            # Those who couldn't write their heartbeats either are given the time to do it first.
            beats = 0
        else:
            beating = True
            await in_thread(outage_log.answered)
        beats += 1
        await asyncio.sleep(PULSE)


async def stop() -> None:
    """The process ends: its replies become `interrupted`, so that nobody waits for them."""
    global _pulse
    pulse, _pulse = _pulse, None
    tasks = [reply.task for reply in list(_speaking.values())]
    for task in [*tasks, *([pulse] if pulse else [])]:
        task.cancel()
    await asyncio.gather(*tasks, *([pulse] if pulse else []), return_exceptions=True)
    if pulse is not None:
        try:
            await in_thread(process_left)
        except Exception as fault:
            if not outage_log.failed(fault, at="end of the process"):
                log.warning("the process couldn't say that it ends", exc_info=True)
