"""The training worker: Celery in this process, with one training at a time."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from typing import Any

from celery import current_app
from celery.platforms import SecurityWarning
from celery.signals import worker_ready, worker_shutdown
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from memory_app import faults
from memory_app.management.supervisor import die_with_parent
from memory_app.services.evaluations import evaluations_recover
from memory_app.services.runs import broker_folders, runs_recover, worker_pulse

log = logging.getLogger(__name__)
# A fixed name: each other one would leave its mailbox in the broker's folder for good.
NODE = "training@local"
#: Seconds between two heartbeats; after how many of them runs without a worker are looked for.
PULSE, RECOVER_EVERY = 5.0, 6


class Pulse:
    """Says that the worker consumes, and picks up the runs whose message was lost."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="worker-pulse", daemon=True)

    def start(self, **_: Any) -> None:
        self._thread.start()

    def stop(self, **_: Any) -> None:
        self._ended.set()

    def _beat(self) -> None:
        beats = 0
        while True:
            try:
                worker_pulse(name=NODE)
                if beats % RECOVER_EVERY == 0:
                    runs_recover()
                    evaluations_recover()
            except Exception:
                # The database may be away for a while; the worker isn't what should end for it.
                log.warning("worker's heartbeat failed", exc_info=True)
            finally:
                connection.close()
            beats += 1
            if self._ended.wait(PULSE):
                return


class Command(BaseCommand):
    help = "Runs the training worker; `up` starts one by itself."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--supervised",
            action="store_true",
            help="end when stdin ends, which is when the parent process has died",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["supervised"]:
            die_with_parent()
        # A reply that somebody waits for goes before a training that takes hours.
        os.nice(10)
        broker_folders()
        faults.start()
        # Root is a danger where messages are pickled; ours are JSON and nothing else is read.
        warnings.simplefilter("ignore", SecurityWarning)
        pulse = Pulse()
        # Signals hold their receivers weakly; `pulse` lives as long as the worker does.
        worker_ready.connect(pulse.start)
        worker_shutdown.connect(pulse.stop)
        # Threads: the worker answers pings while it trains, and a training sees that it should
        # stop; a forked child would neither see it nor share torch's memory safely.
        current_app.worker_main(
            [
                "--quiet",
                "worker",
                "--pool=threads",
                "--concurrency=1",
                f"--hostname={NODE}",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
            ]
        )
