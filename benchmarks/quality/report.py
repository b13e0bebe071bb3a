"""How a measurement begins and ends: a checkpoint's folder, and one JSON document on stdout."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.model.replay import configure_process


def print_result(result: Any) -> None:
    """Write the document."""
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


def report_on_checkpoint(name: str, measure: Callable[[Checkpoint, int], Any]) -> None:
    """Read the command line of the measurement of this name, which takes a number of chats."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.quality.{name}")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--n", type=int, default=200)
    options = parser.parse_args()
    configure_process()
    print_result(measure(load_checkpoint(options.checkpoint), options.n))
