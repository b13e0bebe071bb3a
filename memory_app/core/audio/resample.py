"""Sound at another sample rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Zeros behind a recording, in seconds: the FFT takes it for a ring.
_PAUSE = 0.05


def resample(samples: Tensor, rate: int, wanted: int) -> Tensor:
    """float32 [N] at `rate` Hz → float32 at `wanted` Hz, by cutting or widening its spectrum.

    What lies above half of the lower rate is lost.
    """
    if rate == wanted or not len(samples):
        return samples
    # Whole periods of both rates, so that no sample falls between two.
    period = rate // math.gcd(rate, wanted)
    length = math.ceil((len(samples) + _PAUSE * rate) / period) * period
    out = length * wanted // rate
    spectrum = torch.fft.rfft(samples, length)
    new = spectrum.new_zeros(out // 2 + 1)
    kept = min(len(new), len(spectrum))
    new[:kept] = spectrum[:kept]
    sound = torch.fft.irfft(new, out) * (out / length)
    return sound[: round(len(samples) * wanted / rate)]
