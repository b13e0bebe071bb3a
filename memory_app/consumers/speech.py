"""The Lab's socket for speech: sound in, words and gates out; the state lives on the connection.

It needs no identity, as the Lab's pages don't: nothing is stored, and what is computed is charged
to the address. One recording at a time; `speech.begin` starts the next from a blank state.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from memory_app import limits, outage_log, outages, policy, services
from memory_app.asker import asker_of
from memory_app.consumers import handshake
from memory_app.consumers.outlet import Outlet
from memory_app.core import strict_json
from memory_app.core.audio.log_mel import BANDS, FRAMES_A_SECOND, SAMPLE_RATE
from memory_app.database_thread import in_thread
from memory_app.models import Checkpoint
from memory_app.protocol import FRAME_MAX, error_of
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_checkpoint
from memory_app.services.lab.speech import (
    ABSENT,
    MOST_SECONDS,
    TASK,
    Heard,
    Recording,
    speech_model,
)
from memory_app.socket_messages import SPEECH_MESSAGES

log = logging.getLogger(__name__)
#: Bytes of one message of text.
MOST_TEXT = 2048
#: Seconds without a message after which the socket closes.
IDLE = 300.0
#: Log-mel values (ln) that are sent as 0 and as 255.
DARKEST, BRIGHTEST = -11.5, 5.5


class SpeechConsumer(AsyncWebsocketConsumer):
    """One connection, one recording at a time."""

    channel_layer_alias = ""

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.outlet = Outlet(self.send, self.close)
        self.idle: asyncio.TimerHandle | None = None
        self.recording: Recording | None = None
        headers = self.scope["headers"]
        cookies = handshake.cookies(headers)
        self.language = handshake.language_of(headers)
        policy.row_of("ws", "speech.connect")
        if not handshake.same_site(headers):
            await self.outlet.close()
            return
        await self.accept()
        self._wait()
        try:
            row = await in_thread(self._checkpoint, cookies.get(settings.SESSION_COOKIE_NAME))
            self.loaded = await in_thread(lambda: speech_model(checkpoint=row))
        except Refused as refused:
            await self._error(refused)
            await self.outlet.close()
            return
        config = self.loaded.model.config
        await self._send(
            {
                "type": "speech.ready",
                "checkpoint": str(row.pk),
                "sample_rate": SAMPLE_RATE,
                "frames_per_second": FRAMES_A_SECOND,
                "most_seconds": MOST_SECONDS,
                "bands": BANDS,
                "layers": config.num_layers,
            }
        )

    def _checkpoint(self, session: str | None) -> Checkpoint:
        """That of the page, or for staff the one that `checkpoint` in the address names."""
        asked = parse_qs(self.scope.get("query_string", b"").decode("latin-1")).get("checkpoint")
        person = services.person_of_session(session) if asked else None
        user = person.user if person else None
        staff = user is not None and user.is_staff and user.is_active
        # Others ask for the page's own by its id, too.
        return task_checkpoint(TASK, key=asked[0][:64] if asked else "", staff=staff, absent=ABSENT)

    async def disconnect(self, code: int) -> None:
        self.outlet.shut = True
        if self.idle is not None:
            self.idle.cancel()

    def _wait(self) -> None:
        """Close IDLE seconds after the last message."""
        if self.idle is not None:
            self.idle.cancel()
        loop = asyncio.get_running_loop()
        self.idle = loop.call_later(IDLE, lambda: loop.create_task(self.outlet.close()))

    # ---- messages of the client

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self._wait()
        try:
            asker = asker_of(None, self.scope)
            with limits.asking(lambda: asker):
                if bytes_data is not None:
                    await self._sound(bytes_data)
                else:
                    await self._text(text_data or "")
        except Refused as refused:
            await self._error(refused)
        except Exception as fault:
            if self.outlet.shut:
                return
            outage = outages.sentence(fault)
            if not outage_log.failed(fault, at="speech"):
                log.exception("a piece of sound broke its handler")
            await self._error(
                Refused("unavailable", outage or _("Something went wrong. Try again."))
            )

    async def _text(self, text: str) -> None:
        if len(text) > MOST_TEXT:
            raise Refused("too_long", _("The message is too long."))
        try:
            message = strict_json.loads(text)
        except (ValueError, RecursionError):
            raise Refused("invalid", _("The message is not JSON.")) from None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in SPEECH_MESSAGES or kind == "speech.sound":
            raise Refused("unknown_type", _("There is no such message."))
        await self._enter(kind)
        if kind == "speech.begin":
            self.recording = Recording(self.loaded)
            await self._send({"type": "speech.begun"})
        elif kind == "speech.end":
            await self._end()
        else:
            await self._map(message)

    async def _enter(self, kind: str) -> None:
        row = policy.row_of("ws", kind)
        if row.limit:
            await in_thread(limits.enter, row.limit)

    def _own(self) -> Recording:
        if self.recording is None:
            raise Refused("invalid", _("No recording has begun."))
        return self.recording

    async def _sound(self, pcm: bytes) -> None:
        if len(pcm) > FRAME_MAX:  # two seconds
            raise Refused("too_long", _("A message of sound has at most 64 KiB."))
        policy.row_of("ws", "speech.sound")
        recording = self._own()
        await self._heard(await in_thread(recording.hear, pcm))

    async def _end(self) -> None:
        recording = self._own()
        await self._heard(await in_thread(recording.end))
        await self._send(
            {"type": "speech.finished", "frames": recording.frames, "words": recording.words}
        )

    async def _map(self, message: dict[str, Any]) -> None:
        layer, gate = message.get("layer"), message.get("gate")
        if type(layer) is not int or not isinstance(gate, str):
            raise Refused("invalid", _("A gate is asked for by its layer and its name."))
        data = await in_thread(self._own().gate_map, layer, gate)
        written = base64.b64encode(data).decode()
        await self._send({"type": "speech.map", "layer": layer, "gate": gate, "data": written})

    # ---- messages to the client

    async def _heard(self, heard: Heard) -> None:
        if not len(heard.listened.loud):
            return
        scaled = (heard.listened.loud - DARKEST) * (255 / (BRIGHTEST - DARKEST))
        pixels = scaled.clamp(0, 255).round().byte().numpy().tobytes()
        shares = heard.listened.logits.softmax(-1)
        await self._send(
            {
                "type": "speech.heard",
                "first": heard.first,
                "frames": len(heard.listened.loud),
                "loud": base64.b64encode(pixels).decode(),
                "word": [round(1 - share, 3) for share in shares[:, 0].tolist()],
                "gates": heard.gates,
                "words": heard.words,
            }
        )

    async def _error(self, refused: Refused) -> None:
        with translation.override(self.language):
            message = error_of(refused)
        await self._send(message)

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self.outlet.send(json.dumps(message, ensure_ascii=False))
