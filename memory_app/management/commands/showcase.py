"""Makes the front page's chats with the live model; a site with DEMO=1 does so at its start."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from django.core.management.base import CommandError, CommandParser
from django.urls import reverse

from memory_app import generation, registry, runtime, services
from memory_app.database_thread import in_thread
from memory_app.management.base import ReportingCommand
from memory_app.models import COMMITTED, Chat, Checkpoint, Person
from memory_app.refusal import Refused
from memory_app.services.chat.public_links import link_of
from memory_app.services.chat.showcase import showcase_owner, showcase_replace
from memory_app.services.chat.showcase_scripts import SCRIPTS, Script


class Command(ReportingCommand):
    help = "Makes the read-only chats of the front page with the live model."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--renew",
            action="store_true",
            help="make them anew, also where the live model made them",
        )

    def report(self, options: dict[str, Any]) -> Any:
        live = registry.live()
        if live is None:
            raise CommandError("No checkpoint is live. Import a checkpoint and promote it.")
        scripts = SCRIPTS.get(live.language, ())
        try:
            owner = showcase_owner()
        except Refused as refused:
            raise CommandError(str(refused.detail)) from refused
        chats = _kept(owner, live, scripts)
        made = options["renew"] or len(chats) < len(scripts)
        if made:
            try:
                chats = asyncio.run(_perform(owner, live, scripts))
            except Refused as refused:
                raise CommandError(str(refused.detail)) from refused
            finally:
                runtime.stop()
        if made or not scripts:
            showcase_replace(owner=owner, chats=chats)
        return {"made": len(chats) if made else 0, "chats": [_described(chat) for chat in chats]}

    def show(self, result: Any) -> None:
        if not result["chats"]:
            self.stdout.write("There is no script in the live model’s language.")
        for chat in result["chats"]:
            self.stdout.write(f"{chat['path']}  {chat['title']}")


def _kept(owner: Person, live: Checkpoint, scripts: tuple[Script, ...]) -> list[Chat]:
    """Chats that the live model made of these scripts, and that are still shared."""
    titles = [script.title for script in scripts]
    rows = Chat.objects.of(owner).filter(checkpoint=live, title__in=titles, links__whole=True)
    return sorted(rows.distinct(), key=lambda chat: titles.index(chat.title))


async def _perform(owner: Person, live: Checkpoint, scripts: tuple[Script, ...]) -> list[Chat]:
    try:
        return [await _chat(owner, live, script) for script in scripts]
    finally:
        await generation.stop()


async def _chat(owner: Person, live: Checkpoint, script: Script) -> Chat:
    chat = await in_thread(services.chat_create, person=owner, checkpoint=live)
    for message in script.messages:
        begun = await in_thread(
            services.turn_begin,
            chat=chat,
            client_turn_id=uuid4(),
            text=message,
            # Its likeliest words: the same model makes the same chats everywhere.
            sampling={"temperature": 0},
        )
        reply = await generation.generate(begun)
        async for _event in reply.follow():
            pass
        if reply.end is None or reply.end.status not in COMMITTED:
            raise CommandError(f"The reply to “{message}” wasn't completed.")
    row = await in_thread(Chat.objects.get, pk=chat.pk)
    await in_thread(services.chat_rename, chat=row, title=script.title)
    return row


def _described(chat: Chat) -> dict[str, Any]:
    link = link_of(chat=chat)
    path = reverse("public_link", args=[link.token]) if link else ""
    return {
        "title": chat.title,
        "chat": str(chat.pk),
        "path": path,
        "listed": bool(link and link.showcased),
    }
