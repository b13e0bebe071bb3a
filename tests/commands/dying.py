"""Carries a run out, and is killed by SIGKILL at every change of the disk near its end, in turn.

Each time in a fork of its own, which goes on where the one before died. Prints a line for each:
the change that was its last, or `finished`; then waits for a line, while the test looks around.
"""

import os
import signal
import sys
from uuid import UUID

import django

django.setup()

# Once here, not once a fork: the optimizer would bring torch's compiler along in each (3 s).
import torch._dynamo  # noqa: E402, F401
from django.db import connections  # noqa: E402

from memory_app.services.training import execute  # noqa: E402
from memory_app.services.training.run_execution import run_execute  # noqa: E402

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"}
run_id = UUID(sys.argv[1])


def die_at(number: int) -> None:
    """Kill this process before its nth change of the disk once the last step is done."""
    seen = 0

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal seen
        writes = (
            event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if not (event in CHANGES or writes) or "processes" in str(args[0]):
            return
        seen += 1
        if seen == number:
            os.write(1, f"{event} {os.path.basename(str(args[0]))}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def carry_out(number: int) -> None:
    kept = execute.run

    def watched(*args: object, **facts: object) -> object:
        # From here on: the last save, the checkpoint's folder, the registry's copy, the rows.
        die_at(number)
        return kept(*args, **facts)

    execute.run = watched
    run_execute(run_id=run_id)


number = 0
while True:
    number += 1
    connections.close_all()
    child = os.fork()
    if child == 0:
        carry_out(number)
        connections.close_all()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        print("finished", flush=True)
        break
    sys.stdin.readline()
