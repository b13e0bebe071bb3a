"""RIFF WAVE files: 8, 16, 24 or 32 bits, any rate, any number of channels."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from memory_app.core.audio.log_mel import SAMPLE_RATE
from memory_app.core.audio.resample import resample
from memory_app.core.messages import SentenceError, quoted

#: Seconds that are read of a file.
MOST_SECONDS = 600
MOST_BYTES = 256 << 20


class AudioError(SentenceError):
    """A file that isn't sound that this product reads; its message is one sentence."""


def _values(data: bytes, width: int) -> np.ndarray:
    """Samples of `width` bytes, little-endian, as float32 in −1…1."""
    if width == 1:  # unsigned
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float32) / 2**31
    kind = {2: "<i2", 4: "<i4"}[width]
    values: np.ndarray = np.frombuffer(data, kind).astype(np.float32) / 2 ** (8 * width - 1)
    return values


def wave_samples(data: bytes, name: str = "") -> Tensor:
    """A WAV file's sound, its channels' mean, float32 [N] at SAMPLE_RATE.

    Raises:
        AudioError: it isn't PCM in a RIFF WAVE file, or holds no sound.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            if not (1 <= width <= 4 and 1 <= channels <= 16 and 1000 <= rate <= 384_000):
                raise wave.Error("out of range")
            raw = file.readframes(min(file.getnframes(), MOST_SECONDS * rate))
    except (wave.Error, EOFError, struct.error, RuntimeError) as fault:
        raise AudioError("{name} is not a WAV file with PCM sound.", name=quoted(name)) from fault
    frame = width * channels
    sound = _values(raw[: len(raw) // frame * frame], width).reshape(-1, channels).mean(1)
    if not len(sound):
        raise AudioError("{name} contains no sound.", name=quoted(name))
    return resample(torch.from_numpy(np.ascontiguousarray(sound)), rate, SAMPLE_RATE)


def read_wave(path: Path) -> Tensor:
    """`wave_samples` of a file.

    Raises:
        AudioError: it can't be read, is too large, or isn't sound.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise AudioError("{name} is too large.", name=quoted(path.name))
        return wave_samples(path.read_bytes(), path.name)
    except OSError as fault:
        raise AudioError("{name} can't be read.", name=quoted(path.name)) from fault
