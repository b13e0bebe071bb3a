"""Run by test_setting_values.py: a process that reads the settings once for each case on stdin.

A case is a dict of variables; the answer is the sentence that refused it, or null.
"""

import importlib
import json
import os
import sys

from django.core.exceptions import ImproperlyConfigured


def refusal(variables: dict[str, str], known: dict[str, str]) -> str | None:
    os.environ.clear()
    os.environ.update(known | variables)
    sys.modules.pop("chatsite.settings", None)
    try:
        importlib.import_module("chatsite.settings")
    except ImproperlyConfigured as fault:
        return str(fault)
    return None


if __name__ == "__main__":
    kept = dict(os.environ)
    print(json.dumps([refusal(case, kept) for case in json.load(sys.stdin)]))
