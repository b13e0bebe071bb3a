"""The whole site in processes of its own, started and ended as a person or a power cut would."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: Seconds that a start may take on a slow and busy machine before the test gives up.
PATIENCE = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(condition: Callable[[], object], within: float = 30) -> None:
    """Wait for something that has to become true."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def gone(pids: list[int], within: float) -> bool:
    """Whether all of them end in time."""
    end = time.monotonic() + within
    while any(alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Site:
    """`manage.py up` on a port and a DATA_DIR of its own."""

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.out = data_dir.parent / f"{data_dir.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in {"PROFILE", "HOST"}}
        return kept | {
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": "chatsite.settings",
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def manage(self, *argv: object) -> subprocess.CompletedProcess[str]:
        """One command beside the site, on its DATA_DIR."""
        command = [sys.executable, str(ROOT / "manage.py"), *(str(word) for word in argv)]
        return subprocess.run(
            command,
            check=False,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def start(self) -> None:
        with self.log.open("ab") as log, self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"],
                env=self.environment,
                stdout=out,
                stderr=log,
                start_new_session=True,
            )

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def parts(self) -> dict[str, Any]:
        """What /readyz says of each part; empty while nobody answers."""
        _, body = self.get("/readyz")
        return json.loads(body)["parts"] if body else {}

    def wait_until(self, status: int, path: str = "/readyz") -> None:
        end = time.monotonic() + PATIENCE
        while self.get(path)[0] != status:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < end, self.log.read_text()[-3000:]
            time.sleep(0.1)

    def worker(self) -> int | None:
        """The worker's process number."""
        assert self.process is not None
        for file in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended
                for pid in file.read_text().split():
                    return int(pid)
        return None

    def tree(self) -> list[int]:
        """Every process of the site."""
        assert self.process is not None
        worker = self.worker()
        return [self.process.pid, *([worker] if worker else [])]

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill_all(self) -> None:
        """SIGKILL to every process at once, as the machine's power would."""
        for pid in self.tree():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process is not None:
            self.process.wait()
