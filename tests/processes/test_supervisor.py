"""The supervisor alone, with a child that does nothing."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from memory_app.management.process import supervisor
from memory_app.management.process.listeners import PortTaken, close, listen
from memory_app.management.process.supervisor import Supervisor
from tests.processes.site import alive, free_port, gone, until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "subprocess.Popen(['sleep', '60']); print('ready', flush=True); time.sleep(60)",
]


@pytest.fixture
def supervise(monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.05)
    made = []

    def start(command):
        made.append(Supervisor(command, "child"))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.stop()


def test_a_child_that_dies_is_started_again(supervise):
    watched = supervise(SLEEP)
    until(lambda: watched.pid)
    first = watched.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: watched.pid not in {None, first})


def test_stopped_it_is_not_started_again(supervise):
    watched = supervise(SLEEP)
    until(lambda: watched.pid)
    child = watched.pid
    watched.stop()
    assert not alive(child)
    time.sleep(0.2)
    assert watched.pid is None


def test_a_child_that_will_not_end_is_killed_with_all_that_it_started(supervise, monkeypatch):
    monkeypatch.setattr(supervisor, "GRACE", 0.3)
    watched = supervise(DEAF)
    until(lambda: watched.pid)
    child = watched.pid
    children = Path(f"/proc/{child}/task/{child}/children")
    until(lambda: children.read_text().split())
    family = [child, *(int(pid) for pid in children.read_text().split())]
    watched.stop()
    assert gone(family, within=2)


def test_a_child_never_started_can_be_stopped():
    Supervisor(SLEEP, "child").stop()


def test_one_port_has_one_owner():
    port = free_port()
    first = listen("127.0.0.1", port)
    with pytest.raises(PortTaken, match=str(port)):
        listen("localhost", port)
    close(first)
    close(listen("127.0.0.1", port))
