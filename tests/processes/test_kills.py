"""The whole site killed at random moments under load: no turn that was acknowledged is missing.

KILL_ROUNDS sets how often; a few rounds run with every test, fifty before a release.
"""

import asyncio
import json
import os
import random

import pytest

from tests.processes.guest import Guest

pytestmark = pytest.mark.kills
ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
COMMITTED = {"complete", "stopped", "length"}


async def killed_under_load(site, guests, rng):
    before = sum(len(guest.acknowledged) for guest in guests)
    talks = [asyncio.create_task(guest.talk(rng.random())) for guest in guests]
    # Not before they talk; then at any moment.
    while sum(len(guest.acknowledged) for guest in guests) == before:
        await asyncio.sleep(0.01)
    await asyncio.sleep(rng.uniform(0, 2.5))
    site.kill_all()
    await asyncio.gather(*talks)


def check(guest):
    """What was acknowledged is there as it was told; what was cut off says so."""
    told = guest.turns()
    turns = {turn["id"]: turn for turn in told["turns"]}
    assert told["running"] is None
    for key, frame in guest.acknowledged.items():
        assert key in turns, "an acknowledged turn is missing"
        for name in ("status", "reply_text", "state_sha256"):
            assert turns[key][name] == frame[name]
    for turn in turns.values():
        if turn["status"] in COMMITTED:
            assert turn["state_sha256"]
        else:
            assert (turn["status"], turn["state_sha256"]) == ("interrupted", None)
            assert turn["reply_token_ids"] == []
        if turn["parent"]:
            assert turns[turn["parent"]]["status"] in COMMITTED
    if told["head"]:
        assert turns[told["head"]]["status"] in COMMITTED
    return turns


async def goes_on(guest):
    """The chat goes on from its head."""
    head = guest.turns()["head"]
    async with guest.open() as socket:
        await socket.recv()
        finished = await guest.say(socket, "Are you still there?", max_tokens=5)
    assert finished["status"] in COMMITTED
    turns = {turn["id"]: turn for turn in guest.turns()["turns"]}
    assert turns[finished["turn"]]["parent"] == head


async def test_no_acknowledged_turn_is_lost_however_the_site_ends(site):
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")
    rng = random.Random(seed)
    guests = []
    for _ in range(ROUNDS):
        site.start()
        await asyncio.to_thread(site.wait_until, 200, "/healthz")
        for guest in guests:
            await asyncio.to_thread(check, guest)
        if guests:
            await goes_on(rng.choice(guests))
        if len(guests) < 6:
            guests += [await asyncio.to_thread(Guest, site) for _ in range(3)]
        await killed_under_load(site, guests, rng)
    site.start()
    await asyncio.to_thread(site.wait_until, 200, "/healthz")
    for guest in guests:
        await asyncio.to_thread(check, guest)
        await goes_on(guest)
    assert site.end() == 0
    verified = await asyncio.to_thread(site.manage, "verify_sessions", "--json")
    assert json.loads(verified.stdout)["faults"] == []
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["turns"] >= sum(len(g.acknowledged) for g in guests)
    assert "Traceback" not in site.log.read_text()
