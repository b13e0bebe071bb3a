"""A guest of a running site: pages by HTTP, the chat by its socket, nothing of the site's code."""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import random
import urllib.parse
import urllib.request
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.processes.site import Site


class Guest:
    """One visitor with cookies and one chat."""

    def __init__(self, site: Site) -> None:
        self.origin = f"http://localhost:{site.port}"
        self._cookies = http.cookiejar.CookieJar()
        self._http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._cookies)
        )
        self._http.open(self.origin + "/", timeout=60).close()
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": self._cookie("csrftoken")}).encode()
        with self._http.open(self.origin + "/chat/", form, timeout=60) as page:
            self.chat = page.url.rstrip("/").rpartition("/")[2]
        #: Every `turn.finished` that reached this guest, by its turn.
        self.acknowledged: dict[str, dict[str, Any]] = {}

    def _cookie(self, name: str) -> str:
        return next(str(cookie.value) for cookie in self._cookies if cookie.name == name)

    def import_chat(self, file: bytes) -> None:
        """Upload a chat's file; `chat` is the one that it becomes."""
        boundary = "5f1d"
        fields = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'
            f"{self._cookie('csrftoken')}\r\n--{boundary}\r\nContent-Disposition: form-data; "
            'name="file"; filename="chat.json"\r\nContent-Type: application/json\r\n\r\n'
        )
        body = fields.encode() + file + f"\r\n--{boundary}--\r\n".encode()
        request = urllib.request.Request(
            f"{self.origin}/chats/import/",
            body,
            {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        with self._http.open(request, timeout=60) as page:
            self.chat = page.url.rstrip("/").rpartition("/")[2]

    def turns(self) -> dict[str, Any]:
        """The chat's turns.json."""
        with self._http.open(f"{self.origin}/chat/{self.chat}/turns.json", timeout=60) as response:
            return json.load(response)

    def open(self) -> connect:
        """A socket on the chat."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)
        return connect(
            f"{self.origin.replace('http', 'ws', 1)}/ws/chat/{self.chat}/",
            additional_headers={"Cookie": cookies, "Origin": self.origin},
            proxy=None,
        )

    async def say(self, socket: ClientConnection, text: str, **sampling: Any) -> dict[str, Any]:
        """One message; its `turn.finished`, when the whole of it has come."""
        message = {"type": "turn.send", "client_turn_id": str(uuid4()), "text": text}
        await socket.send(json.dumps(message | {"sampling": sampling}))
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 60))
            assert frame["type"] != "error", frame
            if frame["type"] == "turn.finished":
                self.acknowledged[frame["turn"]] = frame
                return frame

    async def talk(self, seed: int) -> None:
        """Say one thing after another until the site is gone."""
        rng = random.Random(seed)
        try:
            async with self.open() as socket:
                await socket.recv()
                while True:
                    length = rng.randint(1, 60)
                    await self.say(socket, rng.choice("abcde") * 9, max_tokens=length)
        except (ConnectionClosed, OSError, EOFError, TimeoutError):
            return
