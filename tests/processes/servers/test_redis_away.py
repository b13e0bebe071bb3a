"""Processes hear each other through Redis, and do without while it is away or hangs."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from uuid import uuid4

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

from memory_app import channel_notices
from tests.processes.servers.conftest import free_port, need

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


class Process:
    """One process of the site, as far as its channel layer goes."""

    def __init__(self, url):
        self.layer = RedisPubSubChannelLayer(
            hosts=[{"address": url, "socket_timeout": 0.3, "socket_connect_timeout": 0.3}]
        )
        self.link = channel_notices._Link(self.layer)
        self.notices = asyncio.Queue()

    def listen(self):
        self.joined = asyncio.Event()
        return self.link.keep(self.link.listen("chat.x", self.notices.put, self.joined))


async def hears(sender, receiver, seconds=20):
    """Whether a hint of one process comes to a socket of the other, tried until the time is up."""
    word = uuid4().hex
    async with asyncio.timeout(seconds):
        while True:
            sender.link.put("chat.x", {"type": word})
            with suppress(TimeoutError):
                while (await asyncio.wait_for(receiver.notices.get(), 0.2))["type"] != word:
                    pass
                return True


@pytest.fixture
def fast(monkeypatch):
    for name, seconds in {"RETRY": 0.05, "ANSWER": 0.3, "BEAT": 0.2}.items():
        monkeypatch.setattr(channel_notices, name, seconds)


def changes(caplog):
    """The lines on the layer; nothing else may be said of it, and no traceback."""
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert {line.name for line in lines} <= {"memory_app.channel_notices"}
    assert not [line for line in lines if line.exc_info]
    return [
        line.getMessage() for line in caplog.records if line.name == "memory_app.channel_notices"
    ]


@pytest.mark.usefixtures("fast")
async def test_a_hint_goes_from_process_to_process_and_after_an_outage_again(redis, caplog):
    caplog.set_level(logging.INFO)
    url = f"redis://127.0.0.1:{redis.port}/0"
    here, there = Process(url), Process(url)
    for one in (here, there):
        one.listen()
    # Nothing is there yet: a hint is taken without a wait and dropped.
    here.link.put("chat.x", {"type": "lost"})
    await asyncio.sleep(0.5)
    assert not there.joined.is_set()
    redis.start()
    assert await hears(here, there)
    assert await hears(there, here)
    assert await hears(here, here)
    # It hangs for longer than any time-out, and goes on.
    os.kill(redis.process.pid, signal.SIGSTOP)
    await asyncio.sleep(3)
    assert here.link._is_up is False
    os.kill(redis.process.pid, signal.SIGCONT)
    assert await hears(here, there)
    assert await hears(there, here)
    # It hangs for a moment, which nobody notices.
    os.kill(redis.process.pid, signal.SIGSTOP)
    await asyncio.sleep(0.1)
    os.kill(redis.process.pid, signal.SIGCONT)
    assert await hears(here, there)
    # It dies, and comes back empty; it hangs, and dies of it.
    for hung in (False, True):
        if hung:
            os.kill(redis.process.pid, signal.SIGSTOP)
            await asyncio.sleep(1)
        redis.stop()
        await asyncio.sleep(0.5)
        redis.start()
        assert await hears(here, there)
        assert await hears(there, here)
    # A socket that comes and goes leaves nothing behind, and each is told once.
    task = here.listen()
    await here.joined.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await hears(there, here)
    (members,) = here.layer._get_layer().groups.values()
    assert len(members) == 1
    there.link.put("chat.x", {"type": "once"})
    assert await asyncio.wait_for(here.notices.get(), 2) == {"type": "once"}
    await asyncio.sleep(0.3)
    assert here.notices.empty()
    # A line a change, two processes.
    told = changes(caplog)
    assert 8 <= len(told) <= 18, told


@pytest.mark.usefixtures("fast")
async def test_leaving_waits_for_no_redis(redis):
    redis.start()
    here = Process(f"redis://127.0.0.1:{redis.port}/0")
    tasks = [here.listen() for _ in range(20)]
    assert await hears(here, here)
    os.kill(redis.process.pid, signal.SIGSTOP)
    for task in tasks:
        task.cancel()
    done, _ = await asyncio.wait(tasks, timeout=3)
    assert len(done) == 20


def test_a_tab_that_is_open_for_months_stays_in_its_group():
    """Of the layer in memory; Redis' own has no time limit."""
    (layer,) = settings.CHANNEL_LAYERS.values()
    assert layer["CONFIG"]["group_expiry"] > 365 * 86400
