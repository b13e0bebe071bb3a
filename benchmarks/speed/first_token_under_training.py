"""What somebody who chats feels of a training on the same machine: the time to the first token."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.speed.fixtures import Replies, finish
from benchmarks.speed.timing import Line
from memory_app.core.model.state import State

PROMPT = 20
#: Requests that follow one another while the training runs, and then while it stands still.
BLOCK = 20


def first_token_beside(replies: Replies, rounds: int) -> Iterator[Line]:
    """The 95th percentile of the first token's wait, beside a training over alone.

    By the clock, since waiting for a core is what this is about. The training is a process of its
    own as the worker is one (niced, one thread). It is stopped and let go on in turns, so that
    what else the machine does falls on both sides.
    """
    engine, blank = replies.engine(64), State.zeros(replies.model.config)

    def wait() -> float:
        request = replies.request(PROMPT, 2, blank)
        began = time.perf_counter()
        engine.add(request)
        while not any(output.event for output in engine.step()):
            pass
        waited = time.perf_counter() - began
        finish(engine)
        # People don't ask in one breath; a thread that sleeps has to get its core back.
        time.sleep(0.005)
        return waited

    beside: list[float] = []
    alone: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.speed.first_token_under_training", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as training:
            assert training.stdout is not None
            try:
                training.stdout.readline()  # it has taken its first step
                for number in range(rounds + 1):
                    os.kill(training.pid, signal.SIGCONT)
                    waits = [wait() for _ in range(BLOCK)]
                    os.kill(training.pid, signal.SIGSTOP)
                    quiet = [wait() for _ in range(BLOCK)]
                    if number:  # the first is for warming up
                        beside += waits
                        alone += quiet
                    assert training.poll() is None
            finally:
                training.kill()
    above, below = (statistics.quantiles(side, n=20)[-1] for side in (beside, alone))
    for name, side, last in (("beside a training", beside, above), ("alone", alone, below)):
        median = 1000 * statistics.median(side)
        print(
            f"#   first token {name}: median {median:.2f} ms, p95 {1000 * last:.2f} ms",
            file=sys.stderr,
        )
    yield Line(
        "first-token p95 beside a niced training of one thread over alone",
        above / below,
        2.0,
        at_least=False,
    )


def main() -> None:
    """The training: the base preset on facts alone, as far back as the worker stands."""
    # Imported here: the benchmark itself needs no trainer.
    from memory_app.core.run_settings import PRESETS
    from memory_app.core.tasks import CHAT
    from memory_app.core.training.callbacks import Callback, Metrics
    from memory_app.core.training.run import run

    class Started(Callback):
        def on_step(self, step: int, metrics: Metrics) -> None:
            if step == 1:
                print("started", flush=True)

    os.nice(19)  # as management/commands/worker.py does
    settings = PRESETS["base"].changed({"steps": 1_000_000, "pool_tokens": 50_000})
    run(CHAT, settings, [], Path(sys.argv[1]), [Started()])


if __name__ == "__main__":
    main()
