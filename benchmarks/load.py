"""Load on a running site: idle sockets, replies one after another, and what each waits for.

    python -m benchmarks.load https://chat.example.org --sockets 500 --replies 20 --seconds 60

Each of `--guests` opens its share of the sockets: those of replies on a chat each, the others on a
few chats. `--insecure` takes any certificate; `--pids` names processes of the site, whose memory
and processor time are read. The site's limits have to let the guests do so (docs/deploy.md). Prints
one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import http.cookiejar
import json
import os
import random
import ssl
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

#: Tokens of each reply: a usual length.
TOKENS = 60
#: Sockets that are opened at once.
AT_ONCE = 20
#: Chats of a guest's sockets that say nothing.
QUIET = 4
#: What is said: some ten tokens.
TEXTS = ("My name is Clara.", "What is my name?", "I live in Lima and have a cat.", "How are you?")


class Guest:
    """A visitor with a cookie of their own."""

    def __init__(self, origin: str, *, insecure: bool) -> None:
        self.origin = origin.rstrip("/")
        self.context = None
        if self.origin.startswith("https:"):
            self.context = ssl.create_default_context()
            if insecure:
                self.context.check_hostname = False
                self.context.verify_mode = ssl.CERT_NONE
        self.cookies = http.cookiejar.CookieJar()
        self.http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self.cookies),
            urllib.request.HTTPSHandler(context=self.context),
        )
        self.http.open(self.origin + "/", timeout=60).close()

    def new_chat(self) -> str:
        """The id of a new chat."""
        token = next(str(c.value) for c in self.cookies if c.name == "csrftoken")
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token}).encode()
        request = urllib.request.Request(
            self.origin + "/chat/", form, {"Referer": self.origin + "/"}
        )
        with self.http.open(request, timeout=60) as page:
            return str(page.url).rstrip("/").rpartition("/")[2]

    def open(self, chat: str) -> Any:
        """The chat's socket."""
        cookie = "; ".join(f"{c.name}={c.value}" for c in self.cookies)
        return connect(
            f"ws{self.origin.removeprefix('http')}/ws/chat/{chat}/",
            origin=self.origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie},
            ssl=self.context,
            proxy=None,
            compression=None,
            open_timeout=60,
        )


@dataclass
class Waits:
    """Seconds that were waited, and what went wrong."""

    first: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    turns: int = 0
    tokens: int = 0
    faults: list[str] = field(default_factory=list)


async def _talk(line: ClientConnection, until: float, waits: Waits, draw: random.Random) -> None:
    """One reply after another until the time is over."""
    sampling = {"max_tokens": TOKENS, "min_tokens": TOKENS}
    while time.monotonic() < until:
        message = {"type": "turn.send", "client_turn_id": str(uuid4()), "text": draw.choice(TEXTS)}
        await line.send(json.dumps(message | {"sampling": sampling}))
        before, seen = time.perf_counter(), False
        while True:
            frame = json.loads(await line.recv())
            now = time.perf_counter()
            if frame["type"] == "turn.token":
                (waits.gaps if seen else waits.first).append(now - before)
                before, seen = now, True
                waits.tokens += 1
            elif frame["type"] == "turn.finished":
                waits.turns += 1
                break
            elif frame["type"] == "error":
                waits.faults.append(str(frame.get("code")))
                return


async def _listen(line: ClientConnection) -> None:
    async for _ in line:
        pass


async def _open_all(chats: Sequence[tuple[Guest, str]]) -> list[ClientConnection]:
    lines: list[ClientConnection] = []
    for first in range(0, len(chats), AT_ONCE):
        group = (guest.open(chat).__aenter__() for guest, chat in chats[first : first + AT_ONCE])
        lines += await asyncio.gather(*group)
    return lines


def _memory(pids: Sequence[int]) -> float:
    """MiB that these processes hold."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total / 1024


def _processor(pids: Sequence[int]) -> float:
    """Seconds of processor time that these processes have taken."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _ms(values: list[float], percent: int) -> float | None:
    if len(values) < 2:
        return None
    return round(1000 * statistics.quantiles(values, n=100)[percent - 1], 1)


async def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    guests = [
        await asyncio.to_thread(Guest, arguments.origin, insecure=arguments.insecure)
        for _ in range(arguments.guests)
    ]

    async def chat(place: int) -> tuple[Guest, str]:
        guest = guests[place % len(guests)]
        return guest, await asyncio.to_thread(guest.new_chat)

    count = arguments.sockets + arguments.replies
    # The number of a person's chats without a message is bounded.
    quiet = [await chat(place) for place in range(min(QUIET * len(guests), arguments.sockets))]
    chats = [quiet[place % len(quiet)] for place in range(arguments.sockets)]
    chats += [await chat(place) for place in range(arguments.replies)]
    memory = _memory(arguments.pids)
    lines = await _open_all(chats)
    idle = [asyncio.create_task(_listen(line)) for line in lines[: arguments.sockets]]
    await asyncio.sleep(1)
    opened = _memory(arguments.pids)
    waits, draw = Waits(), random.Random(1)
    began, cpu = time.monotonic(), _processor(arguments.pids)
    until = began + arguments.seconds
    talks = [_talk(line, until, waits, draw) for line in lines[arguments.sockets :]]
    if not talks:
        await asyncio.sleep(arguments.seconds)
    for result in await asyncio.gather(*talks, return_exceptions=True):
        if isinstance(result, ConnectionClosed):
            waits.faults.append(f"closed {result}")
        elif isinstance(result, BaseException):
            raise result
    seconds = time.monotonic() - began
    cores = round((_processor(arguments.pids) - cpu) / seconds, 2)
    dropped = sum(task.done() for task in idle)
    after = _memory(arguments.pids)
    await asyncio.gather(*(line.close() for line in lines), return_exceptions=True)
    return {
        "guests": arguments.guests,
        "sockets": arguments.sockets,
        "replies": arguments.replies,
        "seconds": round(seconds, 1),
        "turns": waits.turns,
        "turns_per_second": round(waits.turns / seconds, 2),
        "tokens_per_second": round(waits.tokens / seconds, 1),
        "first_token_ms": {"p50": _ms(waits.first, 50), "p95": _ms(waits.first, 95)},
        "token_gap_ms": {"p50": _ms(waits.gaps, 50), "p95": _ms(waits.gaps, 95)},
        "cores": cores,
        "dropped": dropped,
        "faults": waits.faults,
        "kib_a_socket": round(1024 * (opened - memory) / max(1, count), 1),
        "mib": {"before": round(memory), "opened": round(opened), "after": round(after)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load")
    parser.add_argument("origin", help="such as https://chat.example.org")
    parser.add_argument("--guests", type=int, default=1, help="visitors (1)")
    parser.add_argument("--sockets", type=int, default=0, help="open sockets that say nothing (0)")
    parser.add_argument("--replies", type=int, default=1, help="replies at a time, or 0 (1)")
    parser.add_argument("--seconds", type=float, default=30, help="how long (30)")
    parser.add_argument("--insecure", action="store_true", help="take any certificate")
    parser.add_argument("--pids", type=int, nargs="*", default=[], help="processes of the site")
    print(json.dumps(asyncio.run(_run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
