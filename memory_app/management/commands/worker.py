"""The training worker: Celery in this process, with one training at a time.

Under `up` Celery's beat runs in it as a thread, so that nothing has to be started beside the site.
(A fork of `celery worker -B` would outlive a killed worker.) Alone, as on a machine that only
trains, it leaves the beat to a `celery beat`, of which there has to be one for all workers.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from importlib import import_module
from typing import Any

from celery import current_app
from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from celery.signals import worker_ready, worker_shutdown
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from memory_app import error_log, outage_log
from memory_app.core.training.preload import warm_up
from memory_app.management.process.exit import leave
from memory_app.management.process.supervisor import die_with_parent
from memory_app.services.chat.import_queue import imports_recover
from memory_app.services.operations.worker_pulse import worker_pulse
from memory_app.services.operations.worker_queue import broker_folders
from memory_app.services.training.evaluations import evaluations_recover
from memory_app.services.training.run_queue import runs_recover

log = logging.getLogger(__name__)
# A fixed name: with another at each start, each would leave its mailbox in the broker's folder.
NODE = "training@local"
#: The longest time that a process may wait in the queue for a core.
NICENESS = 19
#: Seconds between two heartbeats; and to the next try where the database is away.
PULSE, RETRY = 5.0, 1.0


class Pulse:
    """The worker's heartbeat; the first one picks up the runs of a worker that died."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="worker-pulse", daemon=True)

    def start(self, **_: Any) -> None:
        self._thread.start()

    def stop(self, **_: Any) -> None:
        self._ended.set()

    def _beat(self) -> None:
        recovered = False
        while True:
            wait = PULSE
            try:
                worker_pulse(name=NODE)
                if not recovered:
                    runs_recover()
                    evaluations_recover()
                    imports_recover()
                    recovered = True
            except Exception as fault:
                # The database may be away for a while, which must not end the worker.
                wait = RETRY
                if not outage_log.failed(fault, at="worker's heartbeat"):
                    log.warning("worker's heartbeat failed", exc_info=True)
            else:
                outage_log.answered()
            finally:
                connection.close()
            if self._ended.wait(wait):
                return


def _keep_faults(**_facts: Any) -> None:
    """Store the worker's errors for the overview."""
    error_log.start()


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
        # A reply, for which a person waits, has priority over a training of hours.
        os.nice(NICENESS)
        # Loaded now, so that the first run doesn't wait for it.
        import_module("memory_app.services.training.execute")
        warm_up()
        broker_folders()
        # Root is a danger where messages are pickled; ours are JSON and nothing else is read.
        warnings.simplefilter("ignore", SecurityWarning)
        # Celery's fixup sets Django up again, which removes the handlers added before.
        worker_ready.connect(_keep_faults)
        pulse = Pulse()
        # Signals hold their receivers weakly; `pulse` lives as long as the worker does.
        worker_ready.connect(pulse.start)
        worker_shutdown.connect(pulse.stop)
        if options["supervised"]:
            scheduler = current_app.conf.beat_scheduler
            beat = EmbeddedService(current_app, thread=True, scheduler_cls=scheduler)
            worker_ready.connect(lambda **_: beat.start(), weak=False)
        # Threads: the worker answers pings while it trains, and a training notices that it should
        # stop; a forked child would do neither, nor share torch's memory safely. One for a run,
        # one for an exam, one for an import (tasks.py keeps it to one of each), one for periodic
        # work, which none of the others may delay.
        status = 0
        try:
            current_app.worker_main(
                [
                    "--quiet",
                    "worker",
                    "--pool=threads",
                    "--concurrency=4",
                    f"--hostname={NODE}",
                    "--loglevel=WARNING",
                    "--without-gossip",
                    "--without-mingle",
                ]
            )
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
        error_log.stop()
        leave(status)
