"""A run's needs of this machine and site: refusals, and warnings before it starts."""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from memory_app.core.messages import Sentence
from memory_app.core.model.checkpoint_format import tensor_shapes
from memory_app.core.number_text import figure_text
from memory_app.core.run_settings import TrainingSettings

#: Bytes a parameter takes in training: float32, its gradient, and AdamW's two moments.
BYTES_A_PARAMETER = 16
#: A container's own limit, in bytes or "max".
_CGROUP = Path("/sys/fs/cgroup/memory.max")
#: Settings that name corpora.
_NAMING = ("bot_only", "chain", "fillers")


def parameter_count(settings: TrainingSettings) -> int:
    """Parameters of the model that these settings describe."""
    config = settings.model.config(settings.model.vocab_size)
    return sum(math.prod(shape) for shape in tensor_shapes(config).values())


def machine_memory() -> int:
    """Bytes of memory that this machine, or its container, has."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CGROUP.read_text().strip()
    except OSError:
        return memory
    return min(memory, int(limit)) if limit.isdecimal() else memory


def memory_refusal(settings: TrainingSettings) -> Sentence | None:
    """That the model is larger than this machine's memory; None on a GPU, which has its own."""
    if settings.execution.device != "cpu":
        return None
    count, memory = parameter_count(settings), machine_memory()
    if count * BYTES_A_PARAMETER <= memory:
        return None
    return Sentence(
        "A model of {count} million parameters needs {needed} GiB of memory in training; this"
        " machine has {memory} GiB. Choose a smaller hidden_size or fewer layers.",
        {
            "count": figure_text(round(count / 1e6)),
            "needed": figure_text(round(count * BYTES_A_PARAMETER / 2**30)),
            "memory": figure_text(round(memory / 2**30)),
        },
    )


def run_doubts(
    settings: TrainingSettings, *, preset: TrainingSettings, corpora: Sequence[str]
) -> Iterator[Sentence]:
    """Settings of a new run that are hardly meant: warned of, and not refused.

    Only what differs from the preset counts: the presets name corpora that a site may lack.
    """
    if settings.execution.device != "cpu" and not torch.cuda.is_available():
        yield Sentence(
            "This machine has no GPU that torch can use. If the worker’s machine has none either,"
            " the run will fail."
        )
    warmup, steps = settings.optimisation.warmup, settings.optimisation.steps
    if warmup > steps:
        yield Sentence(
            "The warm-up takes {warmup} steps and the run has only {steps}, so the learning rate"
            " never reaches its peak.",
            {"warmup": figure_text(warmup), "steps": figure_text(steps)},
        )
    for name in _NAMING:
        if getattr(settings.corpora, name) == getattr(preset.corpora, name):
            continue
        absent = sorted(settings.corpora.names(name) - set(corpora))
        if absent:
            yield Sentence(
                "{name} names corpora that this run doesn’t read: {absent}.",
                {"name": name, "absent": ", ".join(absent)},
            )
