"""A long import whose worker, then whose web process is killed: it is taken up again and whole."""

import json
import os
import signal
from uuid import uuid4

import pytest

from tests.processes.guest import Guest
from tests.processes.site import PATIENCE, until
from tests.processes.test_run_kills import Rows

pytestmark = [
    pytest.mark.kills,
    pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc"),
]
TURNS = 1_200
SENTENCES = ("My name is Clara and I live in Lima.", "What is my name? Your name is Clara.")


def long_file(model) -> bytes:
    """A chat's file of TURNS turns, each under the one before."""
    tokenizer = model.tokenizer
    user_text, reply_text = SENTENCES
    turn = {
        "kind": "talk",
        "status": "complete",
        "user_text": user_text,
        "reply_text": reply_text,
        "user_token_ids": tokenizer.encode(user_text),
        "reply_token_ids": tokenizer.encode(reply_text),
        "seed": 1,
        "sampling": {},
        "state_sha256": "0" * 64,  # never taken from a file
        "created": "2026-01-01T00:00:00+00:00",
    }
    keys = [str(uuid4()) for _ in range(TURNS)]
    parents = [None, *keys]
    return json.dumps(
        {
            "format": "gatescope.chat",
            "format_version": 1,
            "title": "A long one",
            "checkpoint": {"sha256": model.sha256},
            "head": keys[-1],
            "turns": [
                turn | {"id": key, "parent": parent, "client_turn_id": key}
                for key, parent in zip(keys, parents, strict=False)
            ],
        }
    ).encode()


def test_an_import_outlives_its_worker_and_its_site(site, model):
    rows = Rows(site)

    def facts() -> tuple:
        """(status, done, fence, deaths)"""
        return rows.all("SELECT status, done, fence, deaths FROM memory_app_chatimport")[0]

    def replaying(fence: int) -> bool:
        return facts()[2] == fence

    site.start()
    site.wait_until(200)
    guest = Guest(site)
    guest.import_chat(long_file(model))
    until(lambda: replaying(fence=1), PATIENCE)
    assert facts()[0] == "running", "it was over before anything was killed"
    os.kill(site.worker(), signal.SIGKILL)
    until(lambda: replaying(fence=2), PATIENCE)
    assert facts()[3] == 1
    # The web process alone: its worker ends of that, with what it has replayed or without.
    site.process.kill()
    site.process.wait()
    site.start()
    site.wait_until(200, "/healthz")
    until(lambda: facts()[0] == "finished", PATIENCE)
    turns = guest.turns()["turns"]
    assert [turn["user_text"] for turn in turns] == [SENTENCES[0]] * TURNS
    assert site.end() == 0
    verified = json.loads(site.manage("verify_sessions", "--json").stdout)
    assert (verified["turns"], verified["faults"]) == (TURNS, [])
    assert "Traceback" not in site.log.read_text()
