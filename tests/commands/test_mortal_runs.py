"""A run whose processes are killed at random moments ends as the one that nobody touched.

KILL_ROUNDS sets how often; a few kills with every test, fifty before a release. The supervisor and
the broker have no part in it: tests/processes/test_run_kills.py kills the whole site.
"""

import os
import random

import pytest

from memory_app.models import RunStatus, TrainingRun
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_launch import run_launch
from tests.commands import beside
from tests.commands.test_run_controls import figures
from tests.commands.test_train import SMALL

pytestmark = pytest.mark.kills
ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
LONG = SMALL | {"steps": 200, "evaluate_every": 100, "save_every": 20, "dropout": 0.1}


def test_runs_killed_at_random_moments_end_in_the_same_weights(manage, dialogues):
    for split in ("train", "valid"):
        assert manage("import_corpus", dialogues, "--name", "few", "--split", split).status == 0

    def launch() -> TrainingRun:
        given = {"preset": "tiny", "corpora": [("few", 1.0)], "changes": LONG}
        return run_launch(**given, enqueue=False)

    unbroken = run_execute(run_id=launch().pk)
    assert unbroken.status == RunStatus.FINISHED
    expected = figures(unbroken)
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    kills: list[int] = []
    while len(kills) < ROUNDS:
        run = launch()
        process = beside.start("tests.commands.mortal", run.pk, seed + len(kills))
        told, _ = process.communicate(timeout=1200)
        *steps, last = told.split()
        kills += [int(step) for step in steps]
        run.refresh_from_db()
        assert (last, run.status) == ("finished", RunStatus.FINISHED), run.error
        assert run.fence == len(steps) + 1
        assert run.checkpoint == unbroken.checkpoint  # one row, since it is one sha256
        assert figures(run) == expected
    print(f"KILL_SEED={seed}: {len(kills)} kills, after the steps {kills}")
