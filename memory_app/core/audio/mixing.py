"""Utterances of several words, mixed from clips as energies: rooms, microphones, noise, levels.

Energies of sounds that don't depend on each other add up, so gain, timbre, echo and noise are
products and sums of a few numbers a frame: ten times cheaper than with samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.audio.clips import Speaker
from memory_app.core.audio.log_mel import (
    BANDS,
    FRAMES_A_SECOND,
    bins_of_bands,
    log_mel,
    noise_energies,
)

_NOISE = noise_energies()
#: Of the energy of noise in a band: half the degrees of freedom of its χ² distribution.
_FREEDOM = (bins_of_bands() * 0.6).clamp(min=1).numpy()
#: Frames that an echo reaches.
_ECHO = 15


@dataclass(frozen=True, slots=True)
class Utterance:
    """Log-mel frames [T, BANDS]; which words, and of each the first frame and that behind it."""

    frames: Tensor
    words: list[int]
    spans: list[tuple[int, int]]


def _pause(rng: np.random.Generator, low: float, high: float) -> Tensor:
    return torch.zeros(int(FRAMES_A_SECOND * rng.uniform(low, high)), BANDS)


def _curve(rng: np.random.Generator, points: int, spread: float) -> np.ndarray:
    """A smooth random curve over the bands, in decibels."""
    values = rng.normal(0, spread, points)
    line: np.ndarray = np.interp(np.linspace(0, 1, BANDS), np.linspace(0, 1, points), values)
    return line


def _decibels(values: np.ndarray) -> Tensor:
    return torch.from_numpy(10 ** (values / 10)).float()


def _word(rng: np.random.Generator, energies: Tensor) -> Tensor:
    """A clip cut at its ends as recordings are, slower or faster, louder or softer."""
    if rng.random() < 0.5:
        first = int(len(energies) * rng.uniform(0, 0.12))
        behind = len(energies) - int(len(energies) * rng.uniform(0, 0.15))
        energies = energies[first:behind]
    if rng.random() < 0.5:
        length = max(6, int(len(energies) * math.exp(rng.uniform(-0.35, 0.25))))
        energies = functional.interpolate(
            energies.T[None], size=length, mode="linear", align_corners=True
        )[0].T
    return energies * float(10 ** (rng.uniform(-4, 4) / 10))


def _throat(rng: np.random.Generator, energies: Tensor) -> Tensor:
    """Another vocal tract: formants moved by up to 17%, peaks sharper or flatter.

    The bands are stretched up to a kink and squeezed behind it, so that the last one stays (vocal
    tract length perturbation, Jaitly and Hinton 2013).
    """
    last = BANDS - 1
    factor, kink = math.exp(rng.uniform(-0.16, 0.16)), rng.uniform(0.6, 0.9) * last
    bands = torch.arange(BANDS, dtype=torch.float32) * factor
    if last * factor > kink:
        bands = torch.where(
            bands < kink, bands, kink + (bands - kink) * ((last - kink) / (last * factor - kink))
        )
    bands = bands.clamp(0, last)
    low = bands.floor().long()
    high, part = (low + 1).clamp(max=last), bands - low
    energies = energies[:, low] * (1 - part) + energies[:, high] * part
    peak = energies.max(0).values.mean() + 1e-9
    sharpness = float(rng.uniform(0.75, 1.25))
    return torch.where(energies > 0, peak * (energies / peak) ** sharpness, energies)


def _room(rng: np.random.Generator, energies: Tensor) -> Tensor:
    """Echo that fades by 60 dB in 0.1 to 0.6 s."""
    fading = math.exp(-6.9 / FRAMES_A_SECOND / rng.uniform(0.1, 0.6))
    echo = float(rng.uniform(0.02, 0.3)) * fading ** torch.arange(_ECHO, 0, -1).float()
    kernel = torch.cat([echo, torch.ones(1)])[None, None]
    padded = functional.pad(energies.T[:, None], (_ECHO, 0))
    return functional.conv1d(padded, kernel)[:, 0].T


def _microphone(rng: np.random.Generator, energies: Tensor) -> Tensor:
    """Another timbre: a smooth curve, a tilt, fewer lows."""
    tilt = np.linspace(-1, 1, BANDS) * rng.uniform(-8, 8)
    missing = np.maximum(0, rng.uniform(0, 6) - np.arange(BANDS)) * rng.uniform(0, 6)
    return energies * _decibels(_curve(rng, 6, 4) + tilt - missing)


def _with_noise(rng: np.random.Generator, energies: Tensor) -> Tensor:
    """Noise of 3 to 50 dB below the words; in a quarter of the utterances mostly under them."""
    levels = energies.mean(1)
    level = levels[levels > levels.max() * 0.03].mean()
    tilt = np.linspace(0, 1, BANDS) * rng.uniform(-2, 14)
    noise = _NOISE * _decibels(_curve(rng, 5, 4) - tilt)
    noise = noise / noise.mean() * level * float(10 ** (-rng.uniform(3, 50) / 10))
    drawn = rng.standard_gamma(_FREEDOM, size=(len(energies), BANDS)) / _FREEDOM
    noise = noise * torch.from_numpy(drawn).float()
    if rng.random() < 0.25:  # as recordings that were put together
        within = (energies.sum(1) > 0).float()[:, None]
        noise = noise * (within + (1 - within) * float(10 ** -rng.uniform(1, 4)))
    return energies + noise


def _masked(rng: np.random.Generator, frames: Tensor) -> Tensor:
    """One or two stretches of up to six bands without their shape (Park et al. 2019)."""
    for _ in range(rng.integers(1, 3)):
        width = int(rng.integers(1, 7))
        first = int(rng.integers(0, BANDS - width))
        frames[:, first : first + width] = frames[:, first : first + width].mean()
    return frames


def utterance(rng: np.random.Generator, speaker: Speaker, most_words: int) -> Utterance:
    """1 to `most_words` words of a speaker, drawn and mixed."""
    count = int(rng.integers(1, most_words + 1))
    n_words = len(speaker.versions[0])
    words = rng.integers(0, n_words, count).tolist()
    own, moved = int(rng.integers(len(speaker.versions))), rng.random() < 0.3
    parts = [_pause(rng, 0.06, 0.5)]
    spans, length = [], len(parts[0])
    for word in words:
        version = int(rng.integers(len(speaker.versions))) if moved else own
        spoken = _word(rng, speaker.versions[version][word])
        pause = _pause(rng, 0.0, 0.45)
        spans.append((length, length + len(spoken)))
        length += len(spoken) + len(pause)
        parts += [spoken, pause]
    energies = _throat(rng, torch.cat([*parts, _pause(rng, 0.2, 0.6)]))
    if rng.random() < 0.6:
        energies = _room(rng, energies)
    energies = _with_noise(rng, _microphone(rng, energies))
    energies = energies * float(10 ** (rng.uniform(-25, 12) / 10))
    frames = log_mel(energies)
    if rng.random() < 0.5:
        frames = _masked(rng, frames)
    return Utterance(frames, words, spans)
