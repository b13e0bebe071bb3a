"""One run's task delivered to two workers at once has one effect.

DELIVERY_ROUNDS sets how often; a few with every test, a hundred before a release.
"""

import os
import time

import pytest

from memory_app.models import Checkpoint, RunStatus, TrainingMetric
from memory_app.services.training.run_launch import run_launch
from tests.commands import beside
from tests.commands.test_train import SMALL

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("DELIVERY_ROUNDS", "3"))
SHORT = SMALL | {"steps": 3, "evaluate_every": 2, "hidden_size": 4}


@pytest.fixture
def workers():
    two = [beside.start("tests.commands.deliverer") for _ in range(2)]
    for worker in two:
        assert worker.stdout.readline() == "ready\n"
    yield two
    for worker in two:
        worker.stdin.close()
        worker.stdout.close()
        assert worker.wait(60) == 0


def test_two_deliveries_at_once_have_one_effect(manage, dialogues, workers):
    assert manage("import_corpus", dialogues, "--name", "few").status == 0
    for number in range(ROUNDS):
        run = run_launch(
            preset="tiny",
            corpora=[("few", 1.0)],
            changes=SHORT | {"seed": number},
            enqueue=False,
        )
        moment = time.monotonic() + 0.05
        for worker in workers:
            worker.stdin.write(f"{run.pk} {moment}\n")
            worker.stdin.flush()
        for worker in workers:
            assert worker.stdout.readline() == "done\n"
        run.refresh_from_db()
        # Claimed once, by one that lived; carried out once; published once.
        assert (run.status, run.fence, run.deaths) == (RunStatus.FINISHED, 1, 0), run.error
        assert run.checkpoint is not None
        assert Checkpoint.objects.count() == number + 1
        told = TrainingMetric.objects.filter(run=run, name="loss").values_list("step", flat=True)
        assert list(told) == [1]
    print(f"one effect in {ROUNDS} of {ROUNDS}")
