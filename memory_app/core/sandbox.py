"""Reads what a stranger sent in a process of its own: little memory, little time, nothing to lose.

A parser that is fed a bomb, or has a hole, costs that process and not the site. The module that is
run takes one JSON document on stdin and gives one on stdout; it starts in a fraction of a second
as long as it imports no torch.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from memory_app.core.messages import Sentence, SentenceError, sentence_of

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
#: Address space: the interpreter, numpy and the tokenizer take some 200 MiB of it.
MEMORY = 768 << 20
TOO_MUCH = Sentence("It can't be read within the memory limit.")
TOO_LONG = Sentence("It can't be read within the time limit.")
BROKEN = Sentence("It can't be read: the process that checked it crashed.")


class ConfinedError(SentenceError):
    """What was sent is refused; the message is one sentence for a person."""


def run_confined(
    module: str, request: Mapping[str, Any], *, seconds: int, memory: int = MEMORY
) -> dict[str, Any]:
    """The answer of `module` to `request`, which has to be JSON's types.

    Raises:
        ConfinedError: it was refused, or took more memory or time than it may.
    """
    # One thread each: a pool would take address space for every core of the machine.
    single = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "MALLOC_ARENA_MAX")
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment |= dict.fromkeys(single, "1")
    environment |= {"PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    limits = {"memory": memory, "seconds": seconds}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            check=False,
            input=json.dumps({"limits": limits, "request": request}).encode(),
            capture_output=True,
            env=environment,
            cwd="/",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise ConfinedError(TOO_LONG) from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        # Killed by the kernel or by its own fault; what it had to say of that is no use to anybody.
        log.warning("a confined reader ended early", extra={"status": done.returncode})
        if done.returncode == -signal.SIGXCPU:
            raise ConfinedError(TOO_LONG) from None
        raise ConfinedError(BROKEN) from None
    if "refused" in answer:
        raise ConfinedError(Sentence.from_dict(answer["refused"]))
    return dict(answer["result"])


def answer_confined(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The other end: what a module does when it is run. A ValueError's message is the refusal."""
    asked = json.load(sys.stdin)
    limits = asked["limits"]
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["seconds"] + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):  # a system that knows no such limit, or has a lower one
            pass
    os.nice(5)
    answer: dict[str, Any]
    try:
        answer = {"result": work(asked["request"])}
    except (MemoryError, RecursionError):
        answer = {"refused": TOO_MUCH.to_dict()}
    except ValueError as fault:
        answer = {"refused": sentence_of(fault).to_dict()}
    except OSError as fault:
        said = Sentence("It can't be stored: {reason}.", {"reason": str(fault.strerror)})
        answer = {"refused": said.to_dict()}
    json.dump(answer, sys.stdout)
