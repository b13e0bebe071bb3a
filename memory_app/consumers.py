"""The chat's socket: one method a message type. It relays; generation.py speaks."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.cookie import parse_cookie
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header

from memory_app import channel_notices, generation, outage_log, outages, policy, protocol, services
from memory_app.generation import Reply, in_thread
from memory_app.models import COMMITTED, Chat, Turn, TurnStatus
from memory_app.protocol import MemoryChanged, Refused, ServerMessage, encode

log = logging.getLogger(__name__)
#: Seconds: between two looks at who still may listen; for one frame to be taken; between two looks
#: at a turn that another process speaks.
WATCH, SEND_TIMEOUT, POLL = 2.0, 30.0, 0.5
LOGGED_OUT, GONE = 4401, 4404


@dataclass(slots=True)
class _Following:
    """This socket's place in one reply: it began at `start`, and `next` comes next."""

    task: asyncio.Task[None]
    start: int
    next: int


def same_site(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether there is exactly one Origin, and it is the site's scheme, host and port."""
    origins = [value for name, value in headers if name.lower() == b"origin"]
    if len(origins) != 1:
        return False
    origin = _normal(origins[0].decode("latin-1"))
    # Nothing that isn't an origin is the site's, even if a setting weren't one either.
    return origin is not None and origin in {_normal(own) for own in settings.SITE_ORIGINS}


def _normal(origin: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(origin)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


def _header(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str:
    found = [value.decode("latin-1") for name, value in headers if name.lower() == wanted]
    return "; ".join(found)


def _language(cookie: str, accepted: str) -> str:
    """The language of the page that opened the socket, found as LocaleMiddleware finds it."""
    for code in (cookie, *(code for code, _weight in parse_accept_lang_header(accepted))):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket on one chat."""

    #: No layer of that name: Channels would ask it before the socket opens. See channel_notices.py.
    channel_layer_alias = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: What this socket's own hints say of where they come from.
        self.name = uuid4().hex
        self.ears: channel_notices.Ears | None = None
        self.turnstile = asyncio.Lock()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """What the client says and what the chat's other sockets did: one after the other."""
        async with self.turnstile:
            await super().dispatch(message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.key: UUID = self.scope["url_route"]["kwargs"]["chat"]
        self.following: dict[UUID, _Following] = {}
        # Turns that this socket was told of: the layer's word of them would be the second.
        self.known: deque[UUID] = deque(maxlen=256)
        self.ended: deque[UUID] = deque(maxlen=256)
        self.watch: asyncio.Task[None] | None = None
        # Nothing is sent any more: the client left, or was shut out.
        self.shut = False
        # The head that the client was told of, and one that it wasn't told of at the last look.
        self.head: UUID | None = None
        self.untold: UUID | None = None
        headers = self.scope["headers"]
        cookies = parse_cookie(_header(headers, b"cookie"))
        self.session = cookies.get(settings.SESSION_COOKIE_NAME)
        self.language = _language(
            cookies.get(settings.LANGUAGE_COOKIE_NAME, ""), _header(headers, b"accept-language")
        )
        policy.row_of("ws", "connect")
        if not same_site(headers) or await self._chat() is None:
            await self._close()
            return
        self.ears = channel_notices.Ears(generation.group_of(self.key), self.dispatch)
        await self.ears.joined()
        # Read after joining the group: what happens from here on, the group tells.
        chat = await self._chat()
        if chat is None:
            self.ears.leave()
            await self._close()
            return
        await self.accept()
        self.head = self.untold = chat.head_id
        if chat.running_id:
            self.known.append(chat.running_id)
        await self._send(
            {
                "type": "chat.ready",
                "chat": str(chat.pk),
                "head": str(chat.head_id) if chat.head_id else None,
                "running": str(chat.running_id) if chat.running_id else None,
                "checkpoint": chat.checkpoint.to_client(),
            }
        )
        self.watch = asyncio.create_task(self._watch(), name="socket-watch")

    async def disconnect(self, code: int) -> None:
        self.shut = True
        if self.ears is not None:
            self.ears.leave()
        tasks = [following.task for following in self.following.values()]
        tasks += [self.watch] if self.watch else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- who is there

    def _may(self) -> Chat | None:
        person = services.person_of_session(self.session)
        return policy.owned_chat(person, self.key)

    async def _chat(self) -> Chat | None:
        """The chat, read afresh, while this socket's session may still use it."""
        return await in_thread(self._may)

    async def _watch(self) -> None:
        """Close when the session has ended or the chat is gone, also if nothing is ever sent.

        And tell what the channel layer should have told: it is a hint, which may be lost.
        """
        readable = True
        while not self.shut:
            await asyncio.sleep(WATCH)
            try:
                chat = await self._chat()
                if chat is None:
                    await self._shut_out()
                    return
                await self._catch_up(chat)
            except Exception as fault:
                # Any other fault that lasts is one line a socket.
                if not outage_log.failed(fault, at="socket") and readable:
                    reason = type(fault).__name__
                    log.warning("a socket's chat couldn't be read", extra={"reason": reason})
                readable = False
            else:
                readable = True

    async def _catch_up(self, chat: Chat) -> None:
        """Tell of a turn, or a head, that this socket wasn't told of for two looks in a row."""
        running, head = chat.running_id, chat.head_id
        if running and running not in self.known:
            if self.untold == running:
                turn = await self._turn(chat, running)
                await self.turn_started({"frame": generation.started(turn), "origin": ""})
            self.untold = running
        elif running is None and head != self.head:
            if self.untold == head:
                key = str(head) if head else None
                await self._send({"type": "memory.changed", "head": key, "turns": []})
            self.untold = head

    async def _shut_out(self) -> None:
        person = await in_thread(services.person_of_session, self.session)
        # From here on nothing is sent, not even what the layer has on its way to this socket.
        for following in self.following.values():
            following.task.cancel()
        await self._close(GONE if person else LOGGED_OUT)

    # ---- what comes in

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        client_turn_id: UUID | None = None
        try:
            message = protocol.parse(text_data)
            client_turn_id = message.get("client_turn_id")  # type: ignore[assignment]
            kind = message["type"]
            # A row for each type, and the right to it, at each message.
            policy.row_of("ws", kind)
            chat = await self._chat()
            if chat is None:
                left = _("You no longer have access to this chat.")
                await self._error(Refused("forbidden", left))
                await self._shut_out()
                return
            await getattr(self, "on_" + kind.replace(".", "_"))(chat, message)
        except Refused as refused:
            refused.client_turn_id = refused.client_turn_id or client_turn_id
            await self._error(refused)
        except Exception as fault:
            if self.shut:
                # The client left, or the site stops: nobody waits for an answer.
                log.info("a socket ended in the middle of a message", exc_info=True)
                return
            outage = outages.sentence(fault)
            if not outage_log.failed(fault, at="message"):
                log.exception("a message broke its handler", extra={"chat": str(self.key)})
            broken = Refused("unavailable", outage or _("Something went wrong. Try again."))
            broken.client_turn_id = client_turn_id
            await self._error(broken)

    async def on_ping(self, chat: Chat, message: protocol.Ping) -> None:
        await self._send({"type": "pong"})

    async def on_turn_send(self, chat: Chat, message: protocol.TurnSend) -> None:
        await self._begin(chat, message, text=message["text"])

    async def on_turn_regenerate(self, chat: Chat, message: protocol.TurnRegenerate) -> None:
        await self._begin(chat, message, target=message["turn"])

    async def on_turn_edit(self, chat: Chat, message: protocol.TurnEdit) -> None:
        await self._begin(chat, message, text=message["text"], target=message["turn"])

    async def _begin(
        self,
        chat: Chat,
        message: protocol.TurnSend | protocol.TurnRegenerate | protocol.TurnEdit,
        *,
        text: str | None = None,
        target: UUID | None = None,
    ) -> None:
        begun = await in_thread(
            services.turn_begin,
            chat=chat,
            client_turn_id=message["client_turn_id"],
            text=text,
            target=target,
            sampling=message.get("sampling"),
        )
        turn = begun.turn
        self.known.append(turn.pk)
        reply = generation.get(turn.pk)
        if begun.created:
            reply = await generation.speak(begun, origin=self.name)
        await self._send(generation.started(turn))
        # Sent again while this socket listens already: the stream just goes on, each token once.
        if turn.pk not in self.following:
            self._follow(turn.pk, reply, after=-1)

    async def on_turn_stop(self, chat: Chat, message: protocol.TurnStop) -> None:
        turn = await self._turn(chat, message["turn"])
        reply = generation.get(turn.pk)
        if reply is not None:
            reply.stop()
        elif turn.status == TurnStatus.RUNNING:
            await in_thread(services.turn_stop, turn=turn)
        else:
            await self._send(generation.finished(turn))

    async def on_memory_goto(self, chat: Chat, message: protocol.MemoryGoto) -> None:
        await in_thread(services.head_move, chat=chat, turn=message["turn"])
        head = str(message["turn"]) if message["turn"] else None
        frame: MemoryChanged = {"type": "memory.changed", "head": head, "turns": []}
        await self._send(frame)
        generation.tell(chat.pk, "memory.changed", frame=frame, origin=self.name)

    async def on_stream_resume(self, chat: Chat, message: protocol.StreamResume) -> None:
        turn = await self._turn(chat, message["turn"])
        after = message["after"]
        reply = generation.get(turn.pk)
        if reply is None and turn.status == TurnStatus.RUNNING:
            # It may have ended since its row was read: its tokens are still there.
            reply = generation.just_ended(turn.pk)
        elif reply is None:
            await self._send(generation.finished(turn))
            return
        now = self.following.get(turn.pk)
        if now is not None:
            # Frames that it hasn't seen yet may be on their way: only a hole is filled.
            if after >= 0 and now.start <= after + 1 <= now.next:
                return
            now.task.cancel()
        self.known.append(turn.pk)
        self._follow(turn.pk, reply, after=after)

    async def _turn(self, chat: Chat, key: UUID) -> Turn:
        query = Turn.objects.filter(pk=key, chat=chat).defer("state")
        turn = await in_thread(query.first)
        if turn is None:
            raise Refused("not_found", _("This chat has no such turn."))
        return turn

    # ---- the stream

    def _follow(self, turn: UUID, reply: Reply | None, after: int) -> None:
        task = asyncio.create_task(self._relay(turn, reply), name="socket-stream")
        self.following[turn] = _Following(task, after + 1, after + 1)

    async def _relay(self, turn: UUID, reply: Reply | None) -> None:
        following = self.following[turn]
        try:
            if reply is None:
                await self._send(await self._elsewhere(turn))
            else:
                frames: AsyncIterator[str] = reply.follow(following.next - 1)
                if reply.unstored:
                    await self._send(generation.unstored(turn))
                async for frame in frames:
                    following.next += 1
                    await self._send_text(frame)
                    if self.shut:
                        return
                assert reply.end is not None
                self.ended.append(turn)
                await self._send(reply.end)
        except Refused:
            pass  # the turn was purged with its chat: the watch closes the socket
        except Exception as fault:
            # The reply goes on without this socket, which may ask for the rest.
            if not outage_log.failed(fault, at="stream"):
                log.exception("a stream broke", extra={"turn": str(turn)})
            await self._close(1011)
        finally:
            if self.following.get(turn) is following:
                del self.following[turn]

    async def _elsewhere(self, turn: UUID) -> ServerMessage:
        """The end of a turn that has ended, or that another process speaks: its row is asked."""
        query = Turn.objects.filter(pk=turn).defer("state")
        while True:
            row = await in_thread(query.first)
            if row is None:
                raise Refused("not_found", _("This chat has no such turn."))
            if row.status != TurnStatus.RUNNING:
                self.ended.append(turn)
                return generation.finished(row)
            await asyncio.sleep(POLL)

    async def _send(self, message: ServerMessage) -> None:
        if message["type"] == "memory.changed":
            self.head = UUID(message["head"]) if message["head"] else None
        elif message["type"] == "turn.finished" and message["status"] in COMMITTED:
            self.head = UUID(message["turn"])
        await self._send_text(encode(message))

    async def _send_text(self, frame: str) -> None:
        """Send one frame; where the client has left or stopped reading, nothing, and `shut`."""
        if self.shut:
            return
        try:
            # uvicorn waits here while the client doesn't read; nothing is heaped up meanwhile.
            await asyncio.wait_for(self.send(text_data=frame), SEND_TIMEOUT)
        except TimeoutError:
            log.info("a socket fell behind")
            await self._close(1013)
        except (OSError, RuntimeError) as fault:
            # uvicorn's ClientDisconnected is an OSError; after a close it raises RuntimeError.
            self.shut = True
            log.debug("a socket was gone", extra={"reason": type(fault).__name__})

    async def _close(self, code: int | None = None) -> None:
        """Close once, whoever else does; a client that has left is no fault."""
        if self.shut:
            return
        self.shut = True
        try:
            await asyncio.wait_for(self.close(code=code), 1)
        except (OSError, RuntimeError) as fault:  # TimeoutError is an OSError
            log.debug("a socket was gone", extra={"reason": type(fault).__name__})

    async def _error(self, refused: Refused) -> None:
        with translation.override(self.language):
            detail = str(refused.detail)
        message: protocol.Error = {"type": "error", "code": refused.code, "detail": detail}
        if refused.client_turn_id is not None:
            message["client_turn_id"] = str(refused.client_turn_id)
        await self._send(message)

    # ---- what the chat's other sockets did (channel layer)

    async def turn_started(self, event: dict[str, Any]) -> None:
        turn = UUID(event["frame"]["turn"])
        if event["origin"] == self.name or turn in self.known or turn in self.ended:
            return
        self.known.append(turn)
        await self._send(event["frame"])
        # The word may come after a very short reply has ended: its tokens are still there.
        self._follow(turn, generation.get(turn) or generation.just_ended(turn), after=-1)

    async def turn_finished(self, event: dict[str, Any]) -> None:
        turn = UUID(event["frame"]["turn"])
        if turn in self.following or turn in self.ended:
            return
        self.ended.append(turn)
        await self._send(event["frame"])

    async def turn_unstored(self, event: dict[str, Any]) -> None:
        await self._send(event["frame"])

    async def memory_changed(self, event: dict[str, Any]) -> None:
        if event["origin"] != self.name:
            await self._send(event["frame"])
