"""Real people's digits: a folder of WAV files named DIGIT_SPEAKER_INDEX.wav.

The form is that of the Free Spoken Digit Dataset.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from memory_app.core.audio.log_mel import SAMPLE_RATE
from memory_app.core.audio.wave_file import AudioError, read_wave
from memory_app.core.messages import quoted

_NAME = re.compile(r"(\d)_([A-Za-z0-9-]{1,40})_(\d{1,6})\.wav")
MOST_FILES = 100_000
#: Words of one string, strings of each speaker, seconds between two words.
STRING, STRINGS, BETWEEN = 4, 100, (0.1, 0.3)
#: Seconds of near silence before and behind; its level, below that of any microphone.
BEFORE, BEHIND, QUIET = 0.2, 0.5, 1e-4


@dataclass(frozen=True, slots=True)
class Recording:
    """Words said by a speaker, and their sound, float32 [N] at SAMPLE_RATE."""

    speaker: str
    words: list[int]
    samples: Tensor


def read_recordings(folder: Path) -> list[Recording]:
    """The files of a folder in the order of their names.

    Raises:
        AudioError: no folder, no such file, or one that isn't sound.
    """
    if not folder.is_dir():
        raise AudioError("{name} is not a folder of recordings.", name=quoted(folder.name))
    recordings = [
        Recording(named[2], [int(named[1])], read_wave(path))
        for path in sorted(folder.iterdir())[:MOST_FILES]
        if (named := _NAME.fullmatch(path.name)) and path.is_file() and not path.is_symlink()
    ]
    if not recordings:
        raise AudioError(
            "{name} has no recording: files are named DIGIT_SPEAKER_INDEX.wav.",
            name=quoted(folder.name),
        )
    return recordings


def _quiet(seconds: float) -> Tensor:
    return torch.zeros(int(seconds * SAMPLE_RATE))


def with_silence(sounds: Sequence[Tensor], generator: torch.Generator) -> Tensor:
    """Sounds one after the other between stretches of near silence."""
    whole = torch.cat([_quiet(BEFORE), *sounds, _quiet(BEHIND)])
    return whole + torch.randn(len(whole), generator=generator) * QUIET


def isolated(recordings: Sequence[Recording]) -> list[Recording]:
    """Each recording between stretches of near silence."""
    generator = torch.Generator().manual_seed(0)
    return [
        Recording(one.speaker, one.words, with_silence([one.samples], generator))
        for one in recordings
    ]


def strings(recordings: Sequence[Recording]) -> list[Recording]:
    """STRINGS strings of STRING recordings of each speaker, drawn by a fixed seed."""
    generator = torch.Generator().manual_seed(1)
    by_speaker: dict[str, list[Recording]] = {}
    for one in recordings:
        by_speaker.setdefault(one.speaker, []).append(one)
    made = []
    for speaker, own in sorted(by_speaker.items()):
        rng = random.Random(f"strings/{speaker}")
        for _ in range(STRINGS):
            chosen = [rng.choice(own) for _ in range(STRING)]
            sounds = []
            for one in chosen:
                sounds += [one.samples, _quiet(rng.uniform(*BETWEEN))]
            words = [word for one in chosen for word in one.words]
            made.append(Recording(speaker, words, with_silence(sounds, generator)))
    return made
