"""A frame beside the loudest that was heard lately: near or far, loud or soft, it looks the same.

An automatic gain control without a look ahead. The peak falls slowly, so that it follows a speaker
who walks away; what lies far below it is noise and is cut off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.audio.log_mel import FRAMES_A_SECOND

#: The peak before the first frame, ln of a frame's mean energy: that of soft speech.
FIRST_PEAK = -5.0
#: Nats by which it falls from frame to frame: 3 dB a second.
FALL = 3 / 10 * math.log(10) / FRAMES_A_SECOND
#: Energy below the peak that counts as silence (40 dB); the result is shifted and divided by.
SILENCE, SHIFT, SPREAD = 1e-4, 4.6, 3.0


def _loudness(frames: Tensor) -> Tensor:
    """ln of the mean energy of log-mel frames: [..., BANDS] → [...]."""
    return torch.logsumexp(frames, -1) - math.log(frames.shape[-1])


def _below(frames: Tensor, peaks: Tensor) -> Tensor:
    energies = torch.exp(frames - peaks[..., None]) + SILENCE
    return (torch.log(energies) + SHIFT) / SPREAD


@dataclass(slots=True)
class RunningLevel:
    """The peak so far."""

    peak: float = FIRST_PEAK

    def push(self, frames: Tensor) -> Tensor:
        """Log-mel frames [T, BANDS] → the same beside the peak at each of them, [T, BANDS]."""
        peaks = torch.empty(len(frames))
        for index, loudness in enumerate(_loudness(frames).tolist()):
            self.peak = max(self.peak - FALL, loudness)
            peaks[index] = self.peak
        return _below(frames, peaks)


def levelled(frames: Tensor) -> Tensor:
    """`RunningLevel` of whole recordings side by side: [B, T, BANDS]."""
    falls = FALL * torch.arange(1, frames.shape[1] + 1)
    risen = (_loudness(frames) + falls).clamp(min=FIRST_PEAK)
    return _below(frames, risen.cummax(1).values - falls)
