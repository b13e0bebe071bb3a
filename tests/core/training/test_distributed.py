"""Two processes that share every batch come to the same parameters as one that has it alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.tasks import CHAT
from memory_app.core.training.distributed import ALONE, Group
from memory_app.core.training.run import run
from tests.core.training.test_trainer import SMALL, SOURCE, Curve

pytestmark = pytest.mark.slow

# Without dropout, whose draws are each process's own.
SETTINGS = SMALL.changed({"dropout": 0.0, "steps": 24, "save_every": 5, "evaluate_every": 10})
ROOT = Path(__file__).resolve().parents[3]


def together(folder: Path, processes: int, stop_at: int = 0) -> dict[str, Any]:
    """`torchrun` as docs/training.md says it, on a port that it finds by itself."""
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone",
            f"--nproc-per-node={processes}", "-m", "tests.core.training.distributed_worker",
            str(folder), str(stop_at),
        ],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def parameters(folder: Path) -> torch.Tensor:
    model = load_checkpoint(folder / "checkpoint").model
    return torch.cat([p.flatten() for p in model.parameters()])


def test_two_processes_equal_one_on_the_same_batches_also_after_a_break(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    alone = Curve()
    run(CHAT, SETTINGS, [SOURCE], tmp_path / "one", [alone], dtype=torch.float32)
    torch.set_num_threads(threads)
    two = together(tmp_path / "two", 2)
    assert two["size"] == 2
    assert {int(step) for step in two["losses"]} == alone.losses.keys()
    for step, loss in alone.losses.items():
        assert two["losses"][str(step)] == pytest.approx(loss, abs=1e-6)
    # Gradients are summed in another order, and Adam divides by their own size: where one is next
    # to nothing its rounding counts. Each weight has moved by up to 0.2 meanwhile.
    torch.testing.assert_close(
        parameters(tmp_path / "two"), parameters(tmp_path / "one"), atol=5e-6, rtol=0
    )
    # Rank 0 alone writes, and the group ends and goes on together.
    assert two["files"] == sorted(
        path.name for path in (tmp_path / "one").rglob("*") if path.is_file()
    )
    part = together(tmp_path / "parts", 2, stop_at=12)
    assert not part["finished"]
    assert 12 <= part["step"] < 24
    assert together(tmp_path / "parts", 2)["finished"]
    torch.testing.assert_close(
        parameters(tmp_path / "parts"), parameters(tmp_path / "two"), atol=0, rtol=0
    )


def test_rows_are_dealt_out_and_nobody_has_one_twice() -> None:
    ids, weights = torch.arange(10).view(5, 2), torch.ones(5, 2)
    shares, dealt = [], []
    for rank in range(3):
        share, (own, _) = Group(rank, 3).rows(ids, weights)
        shares.append(share)
        dealt += own.tolist()
    assert sorted(dealt) == ids.tolist()
    assert sum(shares) == pytest.approx(1)


def test_a_process_without_a_row_feeds_one_that_counts_for_nothing() -> None:
    share, (ids, weights) = Group(2, 3).rows(torch.ones(2, 4), torch.ones(2, 4))
    assert share == 0
    assert (ids.shape, float(weights.sum())) == ((1, 4), 0)


def test_alone_nothing_is_dealt_out_or_agreed_on() -> None:
    ids = torch.ones(2, 4)
    assert ALONE.rows(ids) == (1.0, (ids,))
    assert ALONE.agree([True, False], torch.device("cpu")) == [True, False]
    assert ALONE.generators(torch.device("cpu")) == []
    assert ALONE.tell("x") == "x"
