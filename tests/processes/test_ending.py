"""A process that is told to end does so with status 0, whatever its threads are doing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
IN_TORCH = """
import threading, time, torch
torch.set_num_threads(1)
model, begun = torch.nn.LSTM(256, 256, 2), threading.Event()
def run():
    x = torch.randn(200, 1, 256)
    with torch.inference_mode():
        while True:
            model(x); begun.set()
threading.Thread(target=run, daemon=True).start()
begun.wait()
print("said")
"""


def test_a_thread_in_torch_does_not_abort_a_process_that_leaves():
    code = IN_TORCH + "from memory_app.management.process.exit import leave; leave(0)"
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "said\n", "")


@pytest.mark.parametrize("command", ["up", "worker"])
@pytest.mark.parametrize("after", [0.3, 1.5])
def test_a_start_that_is_ended_at_once_has_status_0(site, command, after):
    process = subprocess.Popen(
        [sys.executable, "manage.py", command], cwd=ROOT, env=site.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(after)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, process.stderr.read().decode()[-2000:]
    process.stderr.close()
