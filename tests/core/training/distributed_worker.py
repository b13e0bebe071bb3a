"""One process of a group under torchrun: trains in FOLDER; rank 0 says what came of it."""

import json
import sys
from pathlib import Path

import torch

from memory_app.core.tasks import CHAT
from memory_app.core.training.callbacks import Watcher
from memory_app.core.training.distributed import joined
from memory_app.core.training.run import run
from tests.core.training.test_distributed import SETTINGS
from tests.core.training.test_trainer import SOURCE


class Losses(Watcher):
    def __init__(self, stop_at: int) -> None:
        self.losses: dict[int, float] = {}
        self.stop_at = stop_at

    def on_step(self, step: int, metrics: dict[str, float]) -> bool:
        self.losses[step] = metrics["loss"]
        return step == self.stop_at


folder, stop_at = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
with joined("cpu") as group:
    told = Losses(stop_at)
    result = run(
        CHAT,
        SETTINGS,
        [SOURCE],
        folder,
        [told] if group.rank == 0 else [],
        resume=True,
        dtype=torch.float32,
        group=group,
    )
    assert group.tell("told by the first" if group.rank == 0 else "") == "told by the first"
    assert group.rank == 0 or result.checkpoint is None

# A thread of the group that outlives it may abort the process while Python ends.
names = {task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")}
left = sorted(name for name in names if "gloo" in name)
assert not left, left
if group.rank == 0:
    files = sorted(path.name for path in folder.rglob("*") if path.is_file())
    print(
        json.dumps(
            {
                "step": result.step,
                "finished": result.finished,
                "losses": told.losses,
                "files": files,
                "size": group.size,
            }
        )
    )
