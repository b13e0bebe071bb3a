"""One reply: its tokens from the engine, its commit, and any number of listeners.

A reply keeps its tokens until it ends, so that listeners read the same stream, each at its own
pace and from any token on; a slow listener delays none of the others.
"""

import asyncio
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from django.db import InterfaceError, OperationalError

from memory_app import outage_log, runtime, services
from memory_app.channel_notices import announce
from memory_app.core.engine.scheduler import EngineFull
from memory_app.core.model.state import State
from memory_app.database_thread import in_thread
from memory_app.models import TurnStatus
from memory_app.reply_events import (
    ReplyEvent,
    ReplyFinished,
    ReplyStarted,
    ReplyToken,
    ReplyUnstored,
)

log = logging.getLogger(__name__)
#: Seconds between two tries to store a reply (doubling, at most), and for the last try as the
#: process ends.
RETRY_FIRST, RETRY_MOST, LAST_TRY = 0.5, 5.0, 3.0
#: Tokens of a turn from which on its replay runs in the side thread: some 200 ms of one core.
LONG_TURN = 512
_STATUS = {
    "end": TurnStatus.COMPLETE,
    "stopped": TurnStatus.STOPPED,
    "length": TurnStatus.LENGTH,
    "loop": TurnStatus.LENGTH,
}


def storable(text: str) -> str:
    """A model's text without NUL, which a model may produce and PostgreSQL can't store."""
    return text.replace("\0", "\ufffd")


class Reply:
    """One running turn: its tokens so far, and its end.

    `origin` names the listener that asked for it; `on_end` is called once, before listeners read
    the end.
    """

    def __init__(
        self, begun: services.Begun, origin: str, on_end: Callable[["Reply"], None]
    ) -> None:
        self.turn = begun.turn
        self.tokens: list[ReplyToken] = []
        self.end: ReplyFinished | None = None
        # The reply has ended but couldn't be stored yet: it is kept here and storing is retried.
        self.unstored = False
        self._begun = begun
        self._origin = origin
        self._on_end = on_end
        self._stream: Any = None
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

    async def follow(self, after: int = -1) -> AsyncIterator[ReplyEvent]:
        """Each token after number `after`, as it arrives, and then the end.

        A `ReplyUnstored` comes between, once, where storing had to be retried.
        """
        seq = after + 1
        warned = False
        while True:
            news = self._news
            if self.unstored and not warned:
                warned = True
                yield ReplyUnstored(self.turn.pk)
            while seq < len(self.tokens):
                yield self.tokens[seq]
                seq += 1
            if self.end is not None:
                yield self.end
                return
            await news.wait()

    def _publish(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _run(self) -> None:
        try:
            await self._generate_and_store()
        except (asyncio.CancelledError, services.TurnGone):
            # If the turn is gone or was ended elsewhere, this only reads its row.
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
                # The engine must not go on with a reply that has no listener.
                self._stream.cancel()
            if self.turn.status == TurnStatus.RUNNING:
                # That couldn't be stored either: recovery will do it, once the heartbeat is old.
                self.turn.status = TurnStatus.FAILED
            self.end = ReplyFinished.of(self.turn)
            self._on_end(self)
            self._publish()
            announce(self.turn.chat_id, self.end)

    async def _generate_and_store(self) -> None:
        announce(self.turn.chat_id, ReplyStarted.of(self.turn), origin=self._origin)
        ids, status = await self._generate()
        if status is not None:
            await self._commit_with_retries(ids, status)
        else:
            log.error("the engine failed a reply", extra={"turn": str(self.turn.pk)})
            await self._store(services.turn_fail)

    async def _commit_with_retries(self, ids: list[int], status: TurnStatus) -> None:
        """Commit what was sent, with retries while the database is away or locked.

        Exactly once: `turn_commit` asks for a running turn, so after a try whose answer was lost
        the next one raises TurnGone, and the row is read.
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
                    self._publish()
                    announce(self.turn.chat_id, ReplyUnstored(self.turn.pk))
            else:
                if self.unstored:
                    log.info("a reply was stored late", extra={"turn": str(self.turn.pk)})
                return
            try:
                await asyncio.sleep(wait)
            except asyncio.CancelledError:
                # The process ends: one last try, after which the reply would be lost.
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

    async def _generate(self) -> tuple[list[int], TurnStatus | None]:
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
            token = ReplyToken(
                turn=begun.turn.pk,
                seq=len(ids),
                text=storable(text.push(event.token_id)),
                token_id=event.token_id,
                logprob=event.logprob,
                gates=event.gates,
            )
            self.tokens.append(token)
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
                # One at a time in the side thread: a replay of seconds would take the processor
                # from the running replies, and several would take every database thread.
                stopped = status == TurnStatus.STOPPED
                self._after = await asyncio.wrap_future(
                    runtime.compute_aside(replay, queue="stopped" if stopped else "replies")
                )
            else:
                self._after = await in_thread(replay)
        # The texts that were sent, joined: without bytes of an incomplete character.
        await in_thread(
            services.turn_commit,
            turn=self.turn,
            model=begun.model,
            before=begun.before,
            after=self._after,
            reply_ids=ids,
            reply_text="".join(token.text for token in self.tokens),
            status=status,
            first_token_ms=self._first_token_ms,
        )
