"""Log-mel energies: one frame every 20 ms, of the 32 ms that end with it.

The mel scale is O'Shaughnessy's (1987), m = 2595 · log10(1 + f / 700). The bands end below 4 kHz,
so that sound recorded at 8 kHz gives the same frames as at 16 kHz.
"""

from __future__ import annotations

import torch
from torch import Tensor

SAMPLE_RATE = 16_000
#: Samples from one frame to the next, and samples of one frame.
HOP, WINDOW = 320, 512
FRAMES_A_SECOND = SAMPLE_RATE / HOP
BANDS = 40
LOWEST, HIGHEST = 80.0, 3800.0
#: Added to a band's energy (samples lie in −1…1): digital silence is finite.
FLOOR = 1e-5


def _mel(hertz: Tensor) -> Tensor:
    return 2595 * torch.log10(1 + hertz / 700)


def mel_filters() -> Tensor:
    """Weights of each bin of the spectrum in each band, triangles, float32 [bins, BANDS]."""
    ends = _mel(torch.tensor([LOWEST, HIGHEST], dtype=torch.float64))
    edges = torch.linspace(float(ends[0]), float(ends[1]), BANDS + 2, dtype=torch.float64)
    edges = 700 * (10 ** (edges / 2595) - 1)
    bins = torch.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1, dtype=torch.float64)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return torch.minimum(rising, falling).clamp(min=0).float()


_FILTERS = mel_filters()
_WINDOW = torch.hann_window(WINDOW)


def mel_energies(samples: Tensor) -> Tensor:
    """Energy of each band in each whole frame: float32 [N] in −1…1 → [(N − 512) // 320 + 1, BANDS].

    Fewer than WINDOW samples give no frame.
    """
    if samples.shape[0] < WINDOW:
        return samples.new_zeros(0, BANDS)
    frames = samples.unfold(0, WINDOW, HOP) * _WINDOW
    return torch.fft.rfft(frames).abs().square() @ _FILTERS


def log_mel(energies: Tensor) -> Tensor:
    """ln(energy + FLOOR), of any shape."""
    return torch.log(energies + FLOOR)


def noise_energies() -> Tensor:
    """Expected energy of each band for white noise of variance 1, [BANDS]."""
    return _FILTERS.sum(0) * _WINDOW.square().sum()


def bins_of_bands() -> Tensor:
    """Bins of the spectrum that each band reads, [BANDS]."""
    return (_FILTERS > 0).sum(0).float()
