"""The training worker: Celery in this process, with one training at a time."""

from __future__ import annotations

import os
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandParser

from memory_app.management.supervisor import die_with_parent

# A fixed name: each other one would leave its mailbox in the broker's folder for good.
NODE = "training@local"


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
