"""The chat's socket: one method a message type. It relays; reply.py generates."""

import asyncio
import logging
from collections import deque
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from memory_app import (
    generation,
    limits,
    outage_log,
    outages,
    policy,
    protocol,
    runtime,
    services,
    site_state,
)
from memory_app.asker import asker_of
from memory_app.channel_notices import Membership, announce, group_of
from memory_app.consumers import handshake
from memory_app.consumers.looks import looks
from memory_app.consumers.outlet import Outlet
from memory_app.consumers.streams import Streams
from memory_app.database_thread import in_thread
from memory_app.models import COMMITTED, Chat, Turn, TurnStatus
from memory_app.protocol import ServerMessage, encode, message_of
from memory_app.refusal import Refused
from memory_app.reply import LONG_TURN
from memory_app.reply_events import ChatEvent, MemoryChanged, ReplyFinished, ReplyStarted
from memory_app.request_id import new_request_id, request_id

log = logging.getLogger(__name__)
#: Seconds between two checks of the session's access.
WATCH = 2.0
LOGGED_OUT, GONE = 4401, 4404


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket on one chat."""

    #: No layer of that name: Channels would ask it before the socket opens. See channel_notices.py.
    channel_layer_alias = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: The origin of this socket's own notices.
        self.name = uuid4().hex
        self.membership: Membership | None = None
        self.in_order = asyncio.Lock()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle the client's messages and the chat's notices one after the other."""
        async with self.in_order:
            await super().dispatch(message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.key: UUID = self.scope["url_route"]["kwargs"]["chat"]
        self.outlet = Outlet(self.send, self.close)
        self.streams = Streams(self.outlet, self._send_event)
        # Turns whose start was sent, so that the layer's notice of it isn't sent again.
        self.known: deque[UUID] = deque(maxlen=256)
        self.watch: asyncio.Task[None] | None = None
        # The head that the client has, and a head or running turn that it lacked at the last look.
        self.head: UUID | None = None
        self.missed: UUID | None = None
        headers = self.scope["headers"]
        cookies = handshake.cookies(headers)
        self.session = cookies.get(settings.SESSION_COOKIE_NAME)
        self.language = handshake.language_of(headers)
        policy.row_of("ws", "connect")
        if not handshake.same_site(headers) or await self._chat() is None:
            await self.outlet.close()
            return
        self.membership = Membership(group_of(self.key), self.dispatch)
        await self.membership.joined()
        # Read after joining the group, whose notices cover what happens from here on.
        chat = await self._chat()
        if chat is None:
            self.membership.leave()
            await self.outlet.close()
            return
        await self.accept()
        self.head = self.missed = chat.head_id
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
        await self._send_limits(chat)
        self.watch = asyncio.create_task(self._watch(), name="socket-watch")

    async def disconnect(self, code: int) -> None:
        self.outlet.shut = True
        if self.membership is not None:
            self.membership.leave()
        tasks = self.streams.cancel()
        if self.watch:
            self.watch.cancel()
            tasks.append(self.watch)
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- access

    def _may(self) -> Chat | None:
        person = services.person_of_session(self.session)
        return policy.owned_chat(person, self.key)

    async def _chat(self) -> Chat | None:
        """The chat, read afresh, while this socket's session may still use it."""
        return await in_thread(self._may)

    async def _watch(self) -> None:
        """Close when the session has ended or the chat is gone, even if nothing is ever sent.

        And send what the channel layer should have delivered: a notice may be lost.
        """
        readable = True
        while not self.outlet.shut:
            await asyncio.sleep(WATCH)
            try:
                chat = await looks().chat((self.session, self.key))
                if chat is None:
                    await self._shut_out()
                    return
                await self._catch_up(chat)
            except Exception as fault:
                # Any other lasting fault is logged once a socket.
                if not outage_log.failed(fault, at="socket") and readable:
                    reason = type(fault).__name__
                    log.warning("a socket's chat couldn't be read", extra={"reason": reason})
                readable = False
            else:
                readable = True

    async def _catch_up(self, chat: Chat) -> None:
        """Send a turn's start, or the head, that this socket lacked at two looks in a row."""
        running, head = chat.running_id, chat.head_id
        if running and running not in self.known:
            if self.missed == running:
                turn = await self._turn(chat, running)
                await self._start(turn.pk, message_of(ReplyStarted.of(turn)))
            self.missed = running
        elif running is None and head != self.head:
            if self.missed == head:
                await self._send_event(MemoryChanged(head))
            self.missed = head

    async def _shut_out(self) -> None:
        person = await in_thread(services.person_of_session, self.session)
        # From here on nothing is sent, not even notices that are on their way.
        self.streams.cancel()
        await self.outlet.close(GONE if person else LOGGED_OUT)

    # ---- messages of the client

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        client_turn_id: UUID | None = None
        request_id.set(new_request_id())
        try:
            message = protocol.parse(text_data)
            client_turn_id = message.get("client_turn_id")  # type: ignore[assignment]
            kind = message["type"]
            # Access is checked at each message, by the row of its type.
            row = policy.row_of("ws", kind)
            chat = await self._chat()
            if chat is None:
                left = _("You no longer have access to this chat.")
                await self._error(Refused("forbidden", left))
                await self._shut_out()
                return
            asker = asker_of(chat.owner, self.scope)
            with limits.asking(lambda: asker):
                if row.limit:
                    await in_thread(self._enter, row.limit, chat, client_turn_id)
                await getattr(self, "on_" + kind.replace(".", "_"))(chat, message)
        except Refused as refused:
            refused.client_turn_id = refused.client_turn_id or client_turn_id
            await self._error(refused)
        except Exception as fault:
            if self.outlet.shut:
                # The client left, or the site stops: there is nobody to answer.
                log.info("a socket ended in the middle of a message", exc_info=True)
                return
            outage = outages.sentence(fault)
            if not outage_log.failed(fault, at="message"):
                log.exception("a message broke its handler", extra={"chat": str(self.key)})
            broken = Refused("unavailable", outage or _("Something went wrong. Try again."))
            broken.client_turn_id = client_turn_id
            await self._error(broken)

    @staticmethod
    def _enter(kind: str, chat: Chat, client_turn_id: UUID | None) -> None:
        """Let a message in; one that was taken before and is sent again costs nothing."""
        if limits.has(kind) or site_state.state_now().why_read_only:
            turns = Turn.objects.filter(chat=chat.pk)
            if client_turn_id is None or not turns.filter(client_turn_id=client_turn_id).exists():
                site_state.admit(kind)
                limits.enter(kind)

    async def _send_limits(self, chat: Chat) -> None:
        """What the person has used, where there is a limit."""
        asker = asker_of(chat.owner, self.scope)
        left = await in_thread(limits.left, "messages", asker)
        if left is not None:
            used = {"used": left.used, "most": left.most, "seconds": left.seconds}
            await self._send({"type": "limits", "messages": {**used, "full": _iso(left.full)}})

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
            hold=message.get("hold"),
        )
        turn = begun.turn
        self.known.append(turn.pk)
        reply = generation.get(turn.pk)
        if begun.created:
            reply = await generation.generate(begun, origin=self.name, asker=limits.asker_now())
        await self._send_event(ReplyStarted.of(turn))
        await self._send_limits(chat)
        # Sent again while this socket follows the reply: the stream goes on, each token once.
        if turn.pk not in self.streams:
            self.streams.follow(turn.pk, reply)

    async def on_turn_stop(self, chat: Chat, message: protocol.TurnStop) -> None:
        turn = await self._turn(chat, message["turn"])
        reply = generation.get(turn.pk)
        if reply is not None:
            reply.stop()
        elif turn.status == TurnStatus.RUNNING:
            await in_thread(services.turn_stop, turn=turn)
        else:
            await self._send_event(ReplyFinished.of(turn))

    async def on_memory_goto(self, chat: Chat, message: protocol.MemoryGoto) -> None:
        await in_thread(site_state.admit, "messages")
        keep = message.get("keep", True)
        await in_thread(services.head_move, chat=chat, turn=message["turn"], keep=keep)
        await self._changed(chat, MemoryChanged(message["turn"]))

    async def on_memory_forget(self, chat: Chat, message: protocol.MemoryForget) -> None:
        plan = await in_thread(
            services.forget_plan,
            chat=chat,
            client_turn_id=message["client_turn_id"],
            turn=message["turn"],
        )
        if plan.tokens > LONG_TURN:
            # Niced, one at a time: it takes a core, which replies need too.
            states = await asyncio.wrap_future(runtime.compute_aside(plan.replay, queue="changes"))
        else:
            states = await in_thread(plan.replay)
        done = await in_thread(services.forget_store, plan=plan, states=states)
        await self._changed(chat, MemoryChanged(done.head, done.turns))

    async def on_memory_set(self, chat: Chat, message: protocol.MemorySet) -> None:
        done = await in_thread(
            services.memory_set,
            chat=chat,
            client_turn_id=message["client_turn_id"],
            turn=message["turn"],
            change={name: message[name] for name in protocol.CHANGES if name in message},  # type: ignore[literal-required]
        )
        await self._changed(chat, MemoryChanged(done.head, done.turns))

    async def on_memory_transplant(self, chat: Chat, message: protocol.MemoryTransplant) -> None:
        done = await in_thread(
            services.memory_transplant,
            chat=chat,
            client_turn_id=message["client_turn_id"],
            turn=message["turn"],
            source=message["from"],
            what=message["what"],
            weight=message.get("weight", 1.0),
        )
        await self._changed(chat, MemoryChanged(done.head, done.turns))

    async def _changed(self, chat: Chat, event: MemoryChanged) -> None:
        await self._send_event(event)
        announce(chat.pk, event, origin=self.name)

    async def on_stream_resume(self, chat: Chat, message: protocol.StreamResume) -> None:
        turn = await self._turn(chat, message["turn"])
        after = message["after"]
        reply = generation.get(turn.pk)
        if reply is None and turn.status == TurnStatus.RUNNING:
            # It may have ended since its row was read: its tokens are still kept.
            reply = generation.just_ended(turn.pk)
        elif reply is None:
            await self._send_event(ReplyFinished.of(turn))
            return
        if self.streams.has_sent(turn.pk, after):
            return
        self.known.append(turn.pk)
        self.streams.follow(turn.pk, reply, after=after)

    async def _turn(self, chat: Chat, key: UUID) -> Turn:
        query = Turn.objects.filter(pk=key, chat=chat).defer("state", "given")
        turn = await in_thread(query.first)
        if turn is None:
            raise Refused("not_found", _("This chat has no such turn."))
        return turn

    # ---- messages to the client

    async def _send_event(self, event: ChatEvent) -> None:
        await self._send(message_of(event))

    async def _send(self, message: ServerMessage) -> None:
        if message["type"] == "memory.changed":
            self.head = UUID(message["head"]) if message["head"] else None
        elif message["type"] == "turn.finished" and message["status"] in COMMITTED:
            self.head = UUID(message["turn"])
        await self.outlet.send(encode(message))

    async def _error(self, refused: Refused) -> None:
        with translation.override(self.language):
            message = protocol.error_of(refused)
        await self._send(message)

    # ---- notices of the chat's other sockets (channel layer)

    async def turn_started(self, notice: dict[str, Any]) -> None:
        turn = UUID(notice["frame"]["turn"])
        if (
            notice["origin"] != self.name
            and turn not in self.known
            and turn not in self.streams.ended
        ):
            await self._start(turn, notice["frame"])

    async def _start(self, turn: UUID, message: ServerMessage) -> None:
        """Send that a turn started elsewhere, and follow its reply."""
        if turn in self.streams.ended:
            return
        self.known.append(turn)
        await self._send(message)
        # The notice may come after a very short reply has ended: its tokens are still kept.
        self.streams.follow(turn, generation.get(turn) or generation.just_ended(turn))

    async def turn_finished(self, notice: dict[str, Any]) -> None:
        turn = UUID(notice["frame"]["turn"])
        if turn not in self.streams and turn not in self.streams.ended:
            self.streams.ended.append(turn)
            await self._send(notice["frame"])

    async def turn_unstored(self, notice: dict[str, Any]) -> None:
        turn = UUID(notice["frame"]["turn"])
        if not self.streams.is_local(turn) and turn not in self.streams.ended:
            await self._send(notice["frame"])

    async def memory_changed(self, notice: dict[str, Any]) -> None:
        if notice["origin"] != self.name:
            await self._send(notice["frame"])
