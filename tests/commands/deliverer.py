"""A worker without a broker: runs each task that its stdin names, at the moment that it names."""

import sys
import time

import django

django.setup()

from memory_app import tasks  # noqa: E402
from memory_app.services.training import execute  # noqa: E402, F401  (not while the other is waiting)

print("ready", flush=True)
for line in sys.stdin:
    run_id, moment = line.split()
    while time.monotonic() < float(moment):
        pass
    tasks.train(run_id)
    print("done", flush=True)
