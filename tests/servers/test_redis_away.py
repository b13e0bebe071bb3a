"""Processes hear each other through Redis, and do without while it is away or hangs."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress

import pytest

from chatsite import layer
from chatsite.layer import Layer
from tests.servers.conftest import free_port, need

pytestmark = pytest.mark.services


class Redis:
    def __init__(self):
        self.port = free_port()
        self.process = None

    def start(self):
        command = [need("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"]
        self.process = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)
        for _ in range(200):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)

    def stop(self):
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
            self.process.wait(10)


@pytest.fixture
def redis():
    server = Redis()
    yield server
    server.stop()


async def hears(sender, channel, receiver, seconds=15):
    """Whether a hint of one process comes to a channel of the other, tried until the time is up."""
    async with asyncio.timeout(seconds):
        while True:
            await sender.group_send("chat.x", {"type": "memory.changed", "head": None})
            with suppress(TimeoutError):
                return await asyncio.wait_for(receiver.receive(channel), 0.2)


async def test_a_hint_goes_from_process_to_process_and_after_an_outage_again(
    redis, monkeypatch, caplog
):
    monkeypatch.setattr(layer, "RETRY", 0.05)
    monkeypatch.setattr(layer, "ANSWER", 0.3)
    monkeypatch.setattr(layer, "BEAT", 0.2)
    monkeypatch.setattr(layer, "SILENCE", 1.0)
    url = f"redis://127.0.0.1:{redis.port}/0"
    here, there = Layer(url), Layer(url)
    mine, own, theirs = [await one.new_channel() for one in (here, here, there)]
    # Nothing is there yet, and nobody waits for it.
    began = time.monotonic()
    for one, channel in ((here, mine), (here, own), (there, theirs)):
        await one.group_add("chat.x", channel)
    await here.group_send("chat.x", {"type": "memory.changed"})
    for channel in (mine, own):
        assert await here.receive(channel) == {"type": "memory.changed"}
    assert time.monotonic() - began < 0.2
    redis.start()
    assert (await hears(here, theirs, there))["type"] == "memory.changed"
    # It hangs: no call waits, and the sockets of one process are told all the same.
    while not here.channels.get(mine, asyncio.Queue()).empty():
        await here.receive(mine)
    os.kill(redis.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    await here.group_send("chat.x", {"type": "again"})
    while (await here.receive(mine))["type"] != "again":
        pass
    assert time.monotonic() - began < 0.2
    await asyncio.sleep(1.5)
    os.kill(redis.process.pid, signal.SIGCONT)
    assert await hears(here, theirs, there)
    # It dies, and comes back empty.
    redis.stop()
    await asyncio.sleep(0.3)
    redis.start()
    assert await hears(here, theirs, there)
    # A line a change, and no traceback.
    lines = [record for record in caplog.records if record.name == "chatsite.layer"]
    assert 1 <= len(lines) <= 14
    assert not [line for line in lines if line.exc_info]
