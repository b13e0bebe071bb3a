"""A chat in the terminal, on the same engine and the same store as the site's."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any
from uuid import uuid4

from django.core.management.base import CommandError, CommandParser

from memory_app import generation, registry, runtime, services
from memory_app.core.text.graphemes import printable
from memory_app.database_thread import in_thread
from memory_app.management.base import ReportingCommand
from memory_app.models import Chat, Person
from memory_app.protocol import parse
from memory_app.refusal import Refused
from memory_app.reply import Reply
from memory_app.reply_events import ReplyToken


def _valid(text: str) -> str:
    """The text, if the socket would take it too."""
    frame = {"type": "turn.send", "client_turn_id": str(uuid4()), "text": text}
    parse(json.dumps(frame))
    return text


class Command(ReportingCommand):
    help = "Chats in the terminal: a line a message, Ctrl-C stops a reply, Ctrl-D ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoint", help="an id, a sha256 or a name; else the live one")

    def report(self, options: dict[str, Any]) -> Any:
        row = registry.find(options["checkpoint"]) if options["checkpoint"] else None
        try:
            chat = services.chat_create(person=Person.objects.create(), checkpoint=row)
        except (services.NoCheckpoint, services.NotForChat) as fault:
            raise CommandError(str(fault)) from fault
        self._says = not options["json"]
        services.turns_recover()
        try:
            turns = asyncio.run(self._talk(chat))
        finally:
            runtime.stop()
        return {
            "chat": str(chat.pk),
            "checkpoint": registry.describe(chat.checkpoint),
            "turns": turns,
        }

    def show(self, result: Any) -> None:
        """Everything was written while it went on."""

    def _say(self, text: str, end: str = "\n") -> None:
        if self._says:
            self.stdout.write(text, ending=end)
            self.stdout.flush()

    async def _talk(self, chat: Chat) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = []
        try:
            while True:
                if sys.stdin.isatty():
                    self._say("you  ", end="")
                line = await asyncio.to_thread(sys.stdin.readline)
                if not line:
                    return turns
                text = line.rstrip("\r\n")
                if not text.strip():
                    continue
                try:
                    turns.append(await self._turn(chat, _valid(text)))
                except Refused as refused:
                    if not sys.stdin.isatty():
                        raise CommandError(str(refused.detail)) from refused
                    self.note(str(refused.detail))
        finally:
            await generation.stop()

    async def _turn(self, chat: Chat, text: str) -> dict[str, Any]:
        begun = await in_thread(
            services.turn_begin, chat=chat, client_turn_id=uuid4(), text=text, sampling=None
        )
        reply = await generation.generate(begun)
        with _stopped_by_ctrl_c(reply):
            self._say("bot  ", end="")
            async for event in reply.follow():
                if isinstance(event, ReplyToken):
                    self._say(printable(event.text), end="")
            self._say("")
        end = reply.end
        assert end is not None
        return {
            "turn": str(end.turn),
            "status": end.status,
            "reply_text": end.reply_text,
            "reply_tokens": end.reply_tokens,
            "state_sha256": end.state_sha256,
            "user_text": text,
        }


class _stopped_by_ctrl_c:  # noqa: N801  (used as a verb)
    """While a reply runs Ctrl-C ends the reply and not the program."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def __enter__(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._reply.stop)

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
