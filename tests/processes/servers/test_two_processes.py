"""Two processes of the site on one PostgreSQL and one Redis: one chat, whichever serves it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from uuid import uuid4

import pytest

from tests.processes.conftest import PREPARE
from tests.processes.guest import Guest
from tests.processes.site import ROOT, Site

pytestmark = pytest.mark.services


class Web(Site):
    """One web process of several, without a worker."""

    shared: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.shared

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up", "--without-worker"],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@pytest.fixture(scope="module")
def webs(postgres, redis, tmp_path_factory, checkpoint_folder):
    folder = tmp_path_factory.mktemp("webs")
    webs = [Web(folder / "data") for _ in range(2)]
    origins = ",".join(f"http://localhost:{web.port}" for web in webs)
    database = postgres.removesuffix("postgres") + "webs"
    _create(postgres, "webs")
    for index, web in enumerate(webs):
        web.shared = {"DATABASE_URL": database, "REDIS_URL": redis, "SITE_ORIGINS": origins}
        web.log = folder / f"{index}.log"
    made = webs[0].manage("shell", "-v0", "-c", PREPARE.format(folder=str(checkpoint_folder)))
    assert made.returncode == 0, made.stderr
    try:
        for web in webs:
            web.start()
        for web in webs:
            web.wait_until(200, "/healthz")
        yield webs
    finally:
        for web in webs:
            web.kill_all()


def _create(url: str, name: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")


def test_two_processes_may_start_at_once_on_an_empty_database(postgres, redis, tmp_path):
    """One migrates, and the other waits for it."""
    _create(postgres, "empty")
    webs = [Web(tmp_path / "data") for _ in range(2)]
    for index, web in enumerate(webs):
        database = postgres.removesuffix("postgres") + "empty"
        web.shared = {"DATABASE_URL": database, "REDIS_URL": redis}
        web.log = tmp_path / f"{index}.log"
    try:
        for web in webs:
            web.start()
        for web in webs:
            web.wait_until(200, "/healthz")
            assert web.parts()["checkpoint"]["ok"]
    finally:
        for web in webs:
            web.kill_all()


class Twin(Guest):
    """The same visitor, cookies and chat, at another process."""

    def __init__(self, guest: Guest, site: Site) -> None:
        self.__dict__ |= guest.__dict__
        self.origin = f"http://localhost:{site.port}"


async def frame(socket) -> dict:
    return json.loads(await asyncio.wait_for(socket.recv(), 60))


async def until_finished(socket) -> list[dict]:
    frames = [await frame(socket)]
    while frames[-1]["type"] != "turn.finished":
        frames.append(await frame(socket))
    return frames


def message(text: str, **sampling) -> str:
    return json.dumps(
        {"type": "turn.send", "client_turn_id": str(uuid4()), "text": text, "sampling": sampling}
    )


async def test_a_tab_at_the_other_process_hears_of_a_turn_and_gets_its_reply(webs):
    here = await asyncio.to_thread(Guest, webs[0])
    there = Twin(here, webs[1])
    async with here.open() as first, there.open() as second:
        await frame(first), await frame(second)
        await first.send(message("Hi", min_tokens=40, max_tokens=40))
        mine, theirs = await until_finished(first), await until_finished(second)
        assert [f["type"] for f in theirs] == ["turn.started", "turn.finished"]
        assert (theirs[0], theirs[-1]) == (mine[0], mine[-1])
        # And the other way: the chat goes on from the same head.
        await second.send(message("And you?", max_tokens=5))
        started = (await until_finished(second))[0]
        assert started["parent"] == mine[0]["turn"]
        await until_finished(first)
        await second.send(json.dumps({"type": "memory.goto", "turn": None}))
        assert (await frame(first))["type"] == "memory.changed"


async def test_both_at_once_one_runs_and_the_other_is_busy(webs):
    here = await asyncio.to_thread(Guest, webs[0])
    there = Twin(here, webs[1])
    heard: list[dict] = []
    async with here.open() as first, there.open() as second:
        await frame(first), await frame(second)
        for _ in range(10):
            await asyncio.gather(
                *(s.send(message("Hi", min_tokens=200, max_tokens=200)) for s in (first, second))
            )
            for socket in (first, second):
                heard += await until_finished(socket)
            # Where two ran one after the other there is a second end to read past. Messages are
            # answered in their order, and what is told of the other's turn comes in between: the
            # end of that turn may come before one's own "busy", which comes before the "pong".
            for socket in (first, second):
                await socket.send('{"type":"ping"}')
                heard.append(await frame(socket))
                while heard[-1]["type"] != "pong":
                    heard.append(await frame(socket))
    # The last of them may have begun as the other ended, and still be speaking.
    told = here.turns()
    for _ in range(150):
        if told["running"] is None:
            break
        await asyncio.sleep(0.2)
        told = here.turns()
    assert told["running"] is None
    busy = sum(frame["type"] == "error" and frame["code"] == "busy" for frame in heard)
    parents = [turn["parent"] for turn in told["turns"]]
    assert len(set(parents)) == len(parents)  # a chain: no two went on from one state
    assert all(turn["status"] == "length" for turn in told["turns"])
    assert len(told["turns"]) + busy == 20
    assert busy > 0


async def test_when_one_is_killed_the_other_goes_on_with_its_chats(webs):
    here = await asyncio.to_thread(Guest, webs[0])
    there = Twin(here, webs[1])
    async with here.open() as first:
        await frame(first)
        await first.send(message("Hi", min_tokens=512, max_tokens=512))
        await frame(first)
        os.kill(webs[0].process.pid, signal.SIGKILL)
        webs[0].process.wait()
    for _ in range(200):
        told = await asyncio.to_thread(there.turns)
        if told["running"] is None:
            break
        await asyncio.sleep(0.1)
    assert told["running"] is None
    assert told["turns"][-1]["status"] in {"interrupted", "length"}
    async with there.open() as second:
        await frame(second)
        finished = await there.say(second, "Still there?", max_tokens=5)
    assert finished["status"] == "length"
