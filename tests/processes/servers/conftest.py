"""Servers from installed binaries, on free ports, gone with the tests."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def need(binary: str, path: str | None = None) -> str:
    """The binary's path; without it the test is skipped, or fails where services are required."""
    found = shutil.which(binary, path=path)
    if found is None:
        missing = f"{binary} is not installed"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def postgres_binaries() -> str:
    """pg_ctl isn't on the PATH of every system: the installed versions' folders are."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """DATABASE_URL of an empty PostgreSQL, which refuses to run as root and so doesn't."""
    path = postgres_binaries()
    pg_ctl, initdb = need("pg_ctl", path), need("initdb", path)
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="gatescope-pg-"))
    if as_postgres:
        shutil.chown(folder, "postgres")
    port = free_port()
    data, log = str(folder / "data"), str(folder / "log")

    def call(*command: str) -> None:
        subprocess.run([*as_postgres, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
        "-c fsync=off -c max_connections=60"
    )
    try:
        call(initdb, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        call(pg_ctl, "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgres://postgres@127.0.0.1:{port}/postgres"
        finally:
            call(pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """REDIS_URL of an empty Redis that keeps nothing."""
    port = free_port()
    command = [need("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(10)
