"""The machine: what it computes fast, and what of it decides the last bit of a replay."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path

import torch


def _processor() -> str:
    """The first processor's name and the instructions that it offers."""
    found: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    except OSError:
        return platform.processor()
    names = ("model name", "cpu family", "model", "flags", "CPU part", "Features")
    return "\n".join(found.get(name, "") for name in names)


def computes_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 natively (AVX512-BF16, AMX); elsewhere it is slower."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


@cache
def fingerprint() -> str:
    """A short name, equal on machines that compute the same bits and, most likely, only there.

    oneDNN picks its kernels by the processor, and another release of torch may add in another
    order; a state from another fingerprint is compared by value, not by hash.
    """
    parts = (
        platform.system(),
        platform.machine(),
        _processor(),
        torch.backends.cpu.get_cpu_capability(),
        torch.__version__,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
