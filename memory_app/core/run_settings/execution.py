"""When a run evaluates and saves, and what it computes on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.setting import Section, SettingsError, one_of, setting

#: The number is that of one GPU of several.
_DEVICE = re.compile(r"cpu|cuda(:\d{1,2})?")


@dataclass(frozen=True)
class ExecutionSettings(Section):
    """Intervals in steps, and the hardware."""

    group = Sentence("Evaluation, saves and hardware")

    evaluate_every: int = setting(
        500,
        Sentence("Steps between evaluations: validation, sample replies, recall."),
        range=(1, 100_000_000),
    )
    save_every: int = setting(
        250,
        Sentence(
            "Most steps between two saves that a run can resume from. It also saves by the clock."
        ),
        range=(1, 100_000_000),
    )
    # Of the GEMMs; parameters stay float32.
    precision: str = setting(
        "auto",
        Sentence(
            "Precision of matrix products. auto uses bfloat16 where the hardware supports it."
        ),
        choices=one_of("auto", "float32", "bfloat16"),
    )
    compile: str = setting(
        "off",
        Sentence("Compile the loss. Faster, but needs a C++ compiler on the machine."),
        choices=one_of("off", "on"),
    )
    threads: int = setting(
        1,
        Sentence("Processor threads. Leave some for chats on the same machine."),
        range=(1, 256),
    )
    device: str = setting("cpu", Sentence("cpu, or cuda for a GPU."))

    def check(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise SettingsError("device must be cpu or cuda.")
