"""One reply: its tokens from the engine, its commit, and any number of listeners.

A reply keeps its tokens until it ends, so that listeners read the same stream, each at its own
pace and from any token on; a slow listener delays none of the others.
"""

import asyncio
import functools
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError

from memory_app import limits, outage_log, runtime, services
from memory_app.asker import Asker
from memory_app.channel_notices import announce
from memory_app.core.engine.scheduler import EngineFull
from memory_app.core.model.state import State
from memory_app.database_thread import in_thread
from memory_app.metrics import FIRST_TOKEN, REPLIES, TOKEN_GAP
from memory_app.models import TurnStatus
from memory_app.reply_events import (
    ReplyEvent,
    ReplyFinished,
    ReplyQueued,
    ReplyStarted,
    ReplyToken,
    ReplyUnstored,
)
from memory_app.services.chat.fixed_reply import fixed_answer, fixed_tokens
from memory_app.word_filter import is_refused

log = logging.getLogger(__name__)
#: Seconds between two tries to store a reply (doubling, at most), and for the last try as the
#: process ends.
RETRY_FIRST, RETRY_MOST, LAST_TRY = 0.5, 5.0, 3.0
#: Tokens of a turn from which on its replay runs in the side thread: some 200 ms of one core.
LONG_TURN = 512
#: Seconds between two looks at a reply's place in the queue, and at who follows it.
LOOK = 0.5
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
    the end. Without an `asker` it is nobody's whose share or whose leaving matters.
    """

    def __init__(
        self,
        begun: services.Begun,
        origin: str,
        on_end: Callable[["Reply"], None],
        asker: Asker | None = None,
    ) -> None:
        self.turn = begun.turn
        self.tokens: list[ReplyToken] = []
        self.end: ReplyFinished | None = None
        # The reply has ended but couldn't be stored yet: it is kept here and storing is retried.
        self.unstored = False
        # Messages that are read before this one; None once it is being read.
        self.ahead: int | None = None
        self._asker = asker
        self._guest = asker if asker is not None and not asker.is_member else None
        self._followers = 0
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

    async def follow(self, after: int = -1) -> AsyncGenerator[ReplyEvent]:
        """Each token after number `after`, as it arrives, and then the end.

        A `ReplyUnstored` comes between, once, where storing had to be retried; before the first
        token a `ReplyQueued` for each change of the place in the queue.
        """
        self._followers += 1
        try:
            async with aclosing(self._events(after + 1)) as events:
                async for event in events:
                    yield event
        finally:
            self._followers -= 1

    async def _events(self, seq: int) -> AsyncGenerator[ReplyEvent]:
        warned = False
        ahead = None
        while True:
            news = self._news
            if self.ahead is not None and self.ahead != ahead and not self.tokens:
                ahead = self.ahead
                yield ReplyQueued(self.turn.pk, ahead)
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

    async def _attend(self) -> None:
        """Report the place in the queue, and stop a guest's reply that nobody follows any more."""
        seconds = settings.GUEST_REPLY_SECONDS if self._guest is not None else 0
        followed = time.monotonic()
        while True:
            await asyncio.sleep(LOOK)
            if not self.tokens and self._stream is not None:
                ahead = self._stream.ahead
                if ahead != self.ahead and (ahead or self.ahead is not None):
                    self.ahead = ahead
                    self._publish()
            if self._followers:
                followed = time.monotonic()
            elif seconds and time.monotonic() - followed > seconds and not self._stopped:
                log.info("a guest's reply was left", extra={"turn": str(self.turn.pk)})
                self.stop()

    def _publish(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _run(self) -> None:
        attending = asyncio.create_task(self._attend(), name="reply-attend")
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
            attending.cancel()
            if self._stream is not None:
                # The engine must not go on with a reply that has no listener.
                self._stream.cancel()
            if self.turn.status == TurnStatus.RUNNING:
                # That couldn't be stored either: recovery will do it, once the heartbeat is old.
                self.turn.status = TurnStatus.FAILED
            self.end = ReplyFinished.of(self.turn)
            REPLIES.labels(self.end.status).inc()
            self._on_end(self)
            self._publish()
            announce(self.turn.chat_id, self.end)

    async def _generate_and_store(self) -> None:
        announce(self.turn.chat_id, ReplyStarted.of(self.turn), origin=self._origin)
        ids, status = await self._generate()
        if self._asker is not None and ids:
            await in_thread(limits.pay, "ids", len(ids), asker=self._asker)
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

    async def _say(self, text: str) -> tuple[list[int], TurnStatus]:
        """A fixed reply: all of its tokens at once, as if they had been sampled."""
        begun = self._begun
        assert begun.model is not None
        assert begun.before is not None
        call = functools.partial(
            fixed_tokens, turn=self.turn, text=text, before=begun.before, model=begun.model
        )
        tokens = await in_thread(call)
        decoder = begun.model.tokenizer.stream()
        for token in tokens:
            said = storable(decoder.push(token.token_id))
            self._put(said, token.token_id, token.logprob, token.gates)
        return [token.token_id for token in tokens], TurnStatus.COMPLETE

    def _put(self, text: str, token_id: int, logprob: float, gates: Any) -> None:
        seq = len(self.tokens)
        self.tokens.append(ReplyToken(self.turn.pk, seq, text, token_id, logprob, gates))
        self._publish()

    async def _generate(self) -> tuple[list[int], TurnStatus | None]:
        if answer := fixed_answer(self.turn):
            return await self._say(answer)
        begun = self._begun
        assert begun.model is not None
        assert begun.before is not None
        assert begun.sampling is not None
        tokenizer = begun.model.tokenizer
        text = tokenizer.stream()
        ids: list[int] = []
        last = begun.taken
        self._stream = runtime.get_engine().submit(
            begun.model.sha256,
            tokenizer.prompt_ids(begun.turn.user_token_ids),
            begun.before,
            begun.sampling,
            group=begun.turn.chat.owner_id,
            # Many guests may be one client; a member has an account of their own.
            address=self._guest.network if self._guest is not None else None,
            hold=begun.hold,
            adapter=begun.adapter,
        )
        if self._stopped:
            self._stream.cancel()
        async for event in self._stream:
            if not ids:
                waited = time.monotonic() - begun.taken
                self._first_token_ms = round(1000 * waited)
                FIRST_TOKEN.observe(waited)
                last = time.monotonic()
            else:
                last, before_it = time.monotonic(), last
                TOKEN_GAP.observe(last - before_it)
            said = storable(text.push(event.token_id))
            if is_refused("".join(token.text for token in self.tokens) + said, "bot"):
                # Neither sent nor kept: the reply ends before the word.
                log.info("a reply was ended by the filter", extra={"turn": str(self.turn.pk)})
                return ids, TurnStatus.STOPPED
            self._put(said, event.token_id, event.logprob, event.gates)
            ids.append(event.token_id)
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
            # With gates held it is replayed by steps, which take several times as long.
            long = LONG_TURN // 4 if begun.hold is not None else LONG_TURN
            if len(begun.turn.user_token_ids) + len(ids) > long:
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
