"""The worker, or the whole site, killed at random steps of a run: it ends as one that never was.

KILL_ROUNDS sets how often; a few kills with every test, fifty before a release. Nothing but the
supervisor brings the worker back, and nobody but the worker finds the run.
"""

import json
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from functools import partial

import pytest

from tests.processes.site import Site, until
from tests.timed import TIMED

pytestmark = [
    pytest.mark.kills,
    pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc"),
]
ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
SET = {
    "steps": 600,
    "vocab_size": 300,
    "hidden_size": 24,
    "embedding_dim": 16,
    "batch_tokens": 512,
    "pool_tokens": 4000,
    "evaluate_every": 150,
    "save_every": 25,
    "facts": 0.3,
    "dropout": 0.1,
}
LAUNCH = """
from memory_app.services.training.run_launch import run_launch
print(run_launch(preset="tiny", corpora=[("few", 1.0)], changes={changes!r}, name={name!r}).pk.hex)
"""


class Rows:
    """The site's database, read beside it."""

    def __init__(self, site: Site) -> None:
        self.file = site.data_dir / "gatescope.sqlite3"

    def all(self, query: str, *values: object) -> list[tuple]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=20)) as open_:
            return open_.execute(query, values).fetchall()

    def run(self, pk: str) -> tuple[str, int, int, str | None]:
        """(status, step, fence, checkpoint)"""
        query = "SELECT status, step, fence, checkpoint_id FROM memory_app_trainingrun WHERE id = ?"
        return self.all(query, pk)[0]

    def over(self, pk: str) -> bool:
        return self.run(pk)[0] in {"finished", "failed"}

    def moved(self, pk: str, before: tuple) -> bool:
        """Whether a worker trains that has come to another step than was seen before."""
        now = self.run(pk)
        return self.over(pk) or (now[0] == "running" and now[1] not in {0, before[1]})

    def curve(self, pk: str) -> dict[tuple, float]:
        query = (
            "SELECT step, name, value FROM memory_app_trainingmetric "
            "WHERE run_id = ? AND name NOT IN (?, ?, ?)"
        )
        return {(step, name): value for step, name, value in self.all(query, pk, *TIMED)}

    def samples(self, pk: str) -> list[tuple]:
        query = "SELECT step, exchanges FROM memory_app_runsample WHERE run_id = ? ORDER BY step"
        return self.all(query, pk)


def launch(site: Site, name: str) -> str:
    made = site.manage("shell", "-v0", "-c", LAUNCH.format(changes=SET, name=name))
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]


def kill(site: Site, rng: random.Random) -> str:
    """Most often the worker; now and then the whole site, or its parent alone."""
    victim = rng.choice(["worker", "worker", "worker", "site", "parent"])
    worker = site.worker()
    if victim == "worker" and worker is not None:
        os.kill(worker, signal.SIGKILL)
        until(lambda: site.worker() not in {None, worker}, within=60)
        return victim
    if victim == "site":
        site.kill_all()
    else:
        site.process.kill()
        site.process.wait()
    site.start()
    return victim


def test_a_run_killed_at_random_steps_ends_in_the_same_weights(site, tmp_path):
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")
    rng = random.Random(seed)
    corpus = tmp_path / "few.jsonl"
    names = ("Ana", "Ben", "Clara", "Dan", "Eve", "Finn", "Gus", "Hana")
    said = [(f"My name is {n}.", f"Hello {n}!", "What is my name?", f"You are {n}.") for n in names]
    turns = [[{"role": ("user", "bot")[i % 2], "text": t} for i, t in enumerate(s)] for s in said]
    corpus.write_text("\n".join(json.dumps({"turns": t}) for t in turns * 4))
    for split in ("train", "valid"):
        taken = site.manage("import_corpus", corpus, "--name", "few", "--split", split)
        assert taken.returncode == 0, taken.stderr
    rows = Rows(site)
    words = [word for key, value in SET.items() for word in ("--set", f"{key}={value}")]
    given = ("--corpus", "few", "--preset", "tiny", "--name", "unbroken", "--json")
    unbroken = json.loads(site.manage("train", *given, *words).stdout)
    reference = unbroken["run"]["id"].replace("-", "")
    checkpoint = unbroken["checkpoint"]["id"].replace("-", "")

    site.start()
    killed, waits = 0, [0.0]
    while killed < ROUNDS:
        run = launch(site, f"broken {killed}")
        killed += kills_until_it_is_over(site, rows, run, rng, ROUNDS - killed, waits)
        error = rows.all("SELECT error FROM memory_app_trainingrun WHERE id = ?", run)
        status, step, _, made = rows.run(run)
        assert (status, step) == ("finished", SET["steps"]), error
        assert made == checkpoint  # one row, since it is one sha256
        assert rows.curve(run) == pytest.approx(rows.curve(reference), abs=1e-6)
        assert rows.samples(run) == rows.samples(reference)
    print(f"{killed} kills; taken up again within {max(waits):.0f} s")
    assert site.end() == 0
    assert "Traceback" not in site.log.read_text()


def kills_until_it_is_over(
    site: Site, rows: Rows, run: str, rng: random.Random, most: int, waits: list[float]
) -> int:
    """Kill again and again while the run goes on; how often."""
    killed = 0
    while not rows.over(run):
        began, before = time.monotonic(), rows.run(run)
        until(partial(rows.moved, run, before), within=300)
        if killed:
            waits.append(time.monotonic() - began)
        if killed >= most:
            until(partial(rows.over, run), within=600)
            break
        # Somewhere in what comes after it has been taken up.
        time.sleep(rng.uniform(0, 2.5))
        if not rows.over(run):
            step = rows.run(run)[1]
            print(f"{kill(site, rng)} killed at step {step} or soon after", flush=True)
            killed += 1
    return killed
