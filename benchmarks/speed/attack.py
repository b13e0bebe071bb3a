"""One guest sends 16 of the longest messages and leaves: what another visitor waits meanwhile.

On the whole site in processes of its own, by the clock, through sockets. Attacker and visitor have
one address, the worst case: shares of addresses don't part them. The visitor's waits alone and
under attack follow one another in one run.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.speed.fixtures import Replies
from benchmarks.speed.timing import Line

ROOT = Path(__file__).resolve().parents[2]
CHATS = 16
#: As measured before there were limits: some 12,000 tokens, refused since. And 2,040 tokens.
EMOJI, ALLOWED = "\N{FACE WITH ROLLING EYES}" * 4000, "\N{FACE WITH ROLLING EYES}" * 680
#: Seconds that an attack is given to reach the engine, and between two of the visitor's messages.
REACH, PAUSE = 1.0, 0.2


class Guest:
    """A visitor with a cookie of their own."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://localhost:{port}"
        self.cookies = http.cookiejar.CookieJar()
        self.http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )
        self.http.open(self.origin + "/", timeout=60).close()

    def new_chat(self) -> str:
        token = next(str(c.value) for c in self.cookies if c.name == "csrftoken")
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token}).encode()
        with self.http.open(self.origin + "/chat/", form, timeout=60) as page:
            return str(page.url).rstrip("/").rpartition("/")[2]

    def open(self, chat: str) -> connect:
        cookie = "; ".join(f"{c.name}={c.value}" for c in self.cookies)
        address = f"ws{self.origin.removeprefix('http')}/ws/chat/{chat}/"
        headers = {"Cookie": cookie}
        return connect(address, origin=self.origin, additional_headers=headers, proxy=None)  # type: ignore[arg-type]


@contextmanager
def _site() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"DATA_DIR": folder, "PORT": str(port), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--without-worker"]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as site:
            try:
                _wait(port, site)
                yield port
            finally:
                site.send_signal(signal.SIGTERM)


def _wait(port: int, site: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert site.poll() is None
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError


async def _say(line: ClientConnection, text: str, tokens: int) -> None:
    sampling = {"max_tokens": tokens, "min_tokens": tokens}
    message = {"type": "turn.send", "client_turn_id": str(uuid4()), "text": text}
    await line.send(json.dumps(message | {"sampling": sampling}))


async def _until(line: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await line.recv())
        if frame["type"] in {kind, "error"}:
            return frame


async def _first_tokens(guest: Guest, chat: str, count: int) -> list[float]:
    waits = []
    async with guest.open(chat) as line:
        for _ in range(count):
            began = time.perf_counter()
            await _say(line, "hello", 4)
            await _until(line, "turn.token")
            waits.append(time.perf_counter() - began)
            await _until(line, "turn.finished")
            await asyncio.sleep(PAUSE)
    return waits


async def _attack(attacker: Guest, chats: list[str], text: str) -> int:
    """Send the text in each chat and leave; returns how many were taken."""
    taken = 0
    for chat in chats:
        async with attacker.open(chat) as line:
            await _until(line, "chat.ready")
            await _say(line, text, 512)
            taken += (await _until(line, "turn.started"))["type"] == "turn.started"
    return taken


async def _measure(port: int, rounds: int) -> Iterator[Line]:
    visitor, attacker = Guest(port), Guest(port)
    chat = visitor.new_chat()
    await _first_tokens(visitor, chat, 3)
    alone = await _first_tokens(visitor, chat, 2 * rounds)
    lines = []
    for name, text in (("4,000 emoji", EMOJI), ("680 emoji (2,040 tokens)", ALLOWED)):
        chats = [attacker.new_chat() for _ in range(CHATS)]
        attack = asyncio.create_task(_attack(attacker, chats, text))
        await asyncio.sleep(REACH)
        under = await _first_tokens(visitor, chat, 2 * rounds)
        taken = await attack
        first, usual = (1000 * statistics.median(waits) for waits in (under, alone))
        print(
            f"#   {name}: {taken} of {CHATS} taken; first token {first:.0f} ms, alone {usual:.0f}",
            file=sys.stderr,
        )
        title = f"a visitor's first token under {CHATS} messages of {name} over usual"
        lines.append(Line(title, first / usual, 3.0, at_least=False))
    return iter(lines)


def attack(replies: Replies, rounds: int) -> Iterator[Line]:
    """The 16-message attack."""
    del replies
    with _site() as port:
        yield from asyncio.run(_measure(port, rounds))
