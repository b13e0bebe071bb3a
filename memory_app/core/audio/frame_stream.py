"""Samples as they come, frames as soon as they are whole."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.audio.levels import RunningLevel
from memory_app.core.audio.log_mel import BANDS, HOP, WINDOW, log_mel, mel_energies


class FrameStream:
    """One recording: however it is cut into pieces, the frames are the same."""

    def __init__(self) -> None:
        self._rest = torch.zeros(0)
        self._level = RunningLevel()

    def push(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Samples float32 [N] in −1…1 → (log-mel, the same levelled), [T, BANDS]."""
        samples = torch.cat([self._rest, samples])
        if len(samples) < WINDOW:
            self._rest = samples
            return torch.zeros(0, BANDS), torch.zeros(0, BANDS)
        loud = log_mel(mel_energies(samples))
        self._rest = samples[len(loud) * HOP :].clone()
        return loud, self._level.push(loud)
