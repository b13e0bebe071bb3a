"""The end of a process that has threads in torch."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn


def leave(status: int = 0) -> NoReturn:
    """End this process with `status`, now; the caller has stored all that should be.

    Not by returning: Python ends a daemon thread (one that loads a model, or steps) when it returns
    from torch and asks for the interpreter, and torch's own frames on its stack turn that into
    `terminate called without an active exception`, which is SIGABRT, status −6.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader has gone
            pass
    os._exit(status)
