"""The whole site in one command: database, checkpoints, server and training worker."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from memory_app import outages, registry, services
from memory_app.management.migration import migrating
from memory_app.management.process.exit import leave
from memory_app.management.process.listeners import close, listen
from memory_app.management.process.server import serve
from memory_app.management.process.supervisor import Supervisor

#: Seconds after which a start that isn't ready is reported.
SLOW_START = 60


class Command(BaseCommand):
    help = "Sets up the database, then runs the site and its training worker until Ctrl-C."

    _showcase: subprocess.Popen[bytes] | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without-worker",
            action="store_true",
            help="leave the training worker to another machine or container",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # uvicorn takes the signals later; until then SIGTERM must run the `finally` clauses too.
        signal.signal(signal.SIGTERM, _leave)
        host, port = settings.HOST, settings.PORT
        try:
            sockets = listen(host, port)
        except OSError as error:
            raise CommandError(
                str(error)
                if error.strerror is None
                else f"HOST {host} with PORT {port} can't be used: {error.strerror}."
            ) from None
        worker = Supervisor([sys.executable, str(_manage()), "worker", "--supervised"], "worker")
        try:
            self._prepare()
            if not options["without_worker"]:
                worker.start()
            first = not get_user_model().objects.filter(is_staff=True).exists()
            threading.Thread(
                target=self._announce, args=(sockets[0], first), name="announce", daemon=True
            ).start()
            started = serve(sockets, worker.ask_to_stop)
        except KeyboardInterrupt:
            started = True
        except (DatabaseError, OSError) as fault:
            reasons = outages.full_disks() or [f"The database or a file can't be used: {fault}"]
            raise CommandError(" ".join(" ".join(reasons).split())) from fault
        finally:
            worker.stop()
            if self._showcase is not None:
                self._showcase.terminate()
            close(sockets)
        if not started:
            raise CommandError("The site couldn't start: the log above says why.")
        leave(0)

    def _prepare(self) -> None:
        """Migrate the database, and clean up after killed processes."""
        with migrating():
            call_command("migrate", interactive=False, verbosity=0)
            registry.register_bundled()
        services.turns_recover()

    def _announce(self, listener: socket.socket, first: bool) -> None:
        """Print the site's address once it answers on `listener`."""
        address = asked_at(*listener.getsockname()[:2])
        began = time.monotonic()
        patient = True
        while True:
            status, parts = _ready(*address)
            if status == 200:
                break
            if patient and time.monotonic() - began > SLOW_START:
                patient = False
                self.stderr.write(f"Still not ready: {', '.join(parts) or 'no answer'}.")
            time.sleep(0.5)
        if settings.DEMO:
            # Beside the site, which is ready without them; where the live model has made them
            # already, it changes nothing.
            self._showcase = subprocess.Popen([sys.executable, str(_manage()), "showcase"])
        self.stdout.write(f"Gatescope is ready: {settings.SITE_ORIGINS[0]}/")
        if first:
            self.stdout.write(
                "For the dashboard at /admin/, make a staff user in another terminal:\n"
                f"  {_data_dir_prefix()}.venv/bin/python manage.py createsuperuser"
            )
        self.stdout.flush()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _manage() -> Path:
    return Path(settings.BASE_DIR) / "manage.py"


def _data_dir_prefix() -> str:
    value = os.environ.get("DATA_DIR")
    return f"DATA_DIR={shlex.quote(value)} " if value else ""


def asked_at(host: str, port: int) -> tuple[str, int]:
    """The address of a listener on this machine: for every address, the loopback's."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104


def _ready(host: str, port: int) -> tuple[int, list[str]]:
    """/readyz's status, and the parts that aren't well."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        body = response.read()
        if response.status == 200:
            return 200, []
        parts = json.loads(body)["parts"]
        return response.status, [
            f"{name} ({part['detail']})" for name, part in parts.items() if not part["ok"]
        ]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return 0, []
    finally:
        connection.close()
