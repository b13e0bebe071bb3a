#!/usr/bin/env python
"""Django's command line for Gatescope."""

import os
import signal
import sys


def main() -> None:
    if sys.argv[1:2] in (["up"], ["worker"]):
        # Until they listen for it themselves, seconds later, nothing is open that has to be closed.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.DATA_DIR  # noqa: B018  (the first look at any setting reads the environment)
    except (ImproperlyConfigured, OSError) as fault:
        sys.exit(f"error: {fault}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
