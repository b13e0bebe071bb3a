#!/usr/bin/env python
"""Django's command line for Gatescope."""

import os
import sys


def main() -> None:
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
