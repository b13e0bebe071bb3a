"""`torchrun manage.py train`: two processes, one run, one row, one checkpoint."""

import json
import subprocess
import sys

import pytest

from memory_app.models import Checkpoint, RunStatus, TrainingRun
from tests.commands import beside
from tests.commands.test_train import SMALL

pytestmark = pytest.mark.slow


def test_two_processes_carry_out_one_run(manage, dialogues):
    for split in ("train", "valid"):
        assert manage("import_corpus", dialogues, "--name", "few", "--split", split).status == 0
    changes = [f"{key}={value}" for key, value in (SMALL | {"dropout": 0}).items()]
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
            "manage.py", "train", "--corpus", "few", "--preset", "tiny", "--set", *changes,
            "--name", "both", "--json",
        ],
        cwd=beside.ROOT,
        env=beside.environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    run = TrainingRun.objects.get()
    assert (run.status, run.step, run.fence) == (RunStatus.FINISHED, 20, 1)
    assert run.checkpoint == Checkpoint.objects.get(pk=told["checkpoint"]["id"])
    assert set(run.metrics.filter(name="loss").values_list("step", flat=True)) == {1, 10, 20}
