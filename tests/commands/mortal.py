"""Carries a run out in forks, each of which is killed by SIGKILL at a moment of no meaning.

`python -m tests.commands.mortal RUN SEED` prints a line for each kill, the step it came after, and
`finished` in the end. A fork, so that fifty of them don't load torch fifty times.
"""

import os
import random
import signal
import sys
import time
from uuid import UUID

import django

django.setup()

from django.db import connections  # noqa: E402

from memory_app.core.training.callbacks import Callback  # noqa: E402
from memory_app.services.training import execute  # noqa: E402, F401  (loaded before the forks)
from memory_app.services.training.run_execution import run_execute  # noqa: E402

run_id, rng = UUID(sys.argv[1]), random.Random(int(sys.argv[2]))


class Teller(Callback):
    """Writes each step into a pipe as it is done."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def on_step(self, step: int, metrics: dict[str, float]) -> None:
        os.write(self.pipe, step.to_bytes(4, "little"))


while True:
    connections.close_all()
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        run_execute(run_id=run_id, callbacks=[Teller(writes)])
        connections.close_all()
        os._exit(0)
    os.close(writes)
    # So many steps, and then a moment that falls anywhere: by steps, since a busy machine may take
    # seconds for one.
    steps, most = 0, rng.randint(1, 80)
    while steps < most and (told := os.read(reads, 4)):
        steps, last = steps + 1, int.from_bytes(told, "little")
    if steps:
        time.sleep(rng.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
    os.close(reads)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        print("finished", flush=True)
        break
    print(last, flush=True)
