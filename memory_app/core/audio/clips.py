"""Words as mel energies, ready to be mixed: every word of a voice, at several pitches."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional

from memory_app.core.atomic_files import whole_file
from memory_app.core.audio.log_mel import FLOOR, HOP, WINDOW, mel_energies
from memory_app.core.audio.voices import Voice, pitched, say_all

#: ln of the factor by which pitch and formants are moved, one clip a range.
PITCHES = ((-0.2, -0.05), (-0.05, 0.07), (0.07, 0.22))


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice: of each version the clips of all words, energies float32 [T, BANDS]."""

    program: str
    #: Of the voice within its program; several speakers may share it at other speeds and pitches.
    name: str
    versions: list[list[Tensor]]


def clip(samples: Tensor, offset: int = 0) -> Tensor:
    """A word's energies [T, BANDS], from `offset` samples (below HOP) before its first one."""
    return mel_energies(functional.pad(samples, (WINDOW - HOP + offset, WINDOW)))


def speaker(voice: Voice, sounds: Sequence[Tensor], rng: random.Random) -> Speaker:
    """The clips of a voice that said each word."""
    versions = []
    for low, high in PITCHES:
        factor = math.exp(rng.uniform(low, high))
        moved = [pitched(sound, factor) for sound in sounds]
        versions.append([clip(sound, rng.randrange(HOP)) for sound in moved])
    return Speaker(voice.program, voice.name, versions)


def made_speakers(
    voices: Sequence[Voice],
    words: Sequence[str],
    spellings: Mapping[str, Sequence[str]],
    seed: int,
    path: Path | None,
    poll: Callable[[], None] = lambda: None,
) -> list[Speaker]:
    """The speakers of all voices that can say the words; kept in `path` for the next process.

    Raises:
        VoiceError: no voice could say them.
    """
    if path is not None and path.is_file():
        return _read(path, len(words))
    rng = random.Random(f"{seed}/pitches")
    speakers = [
        speaker(voice, sounds, rng) for voice, sounds in say_all(voices, words, spellings, poll)
    ]
    # As they are read back, so that a run that goes on hears what it heard.
    speakers = [
        replace(one, versions=[[_energies(_logs(c)) for c in own] for own in one.versions])
        for one in speakers
    ]
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(_packed(speakers))
    return speakers


def _logs(energies: Tensor) -> Tensor:
    return torch.log(energies + FLOOR).half()


def _energies(logs: Tensor) -> Tensor:
    return (torch.exp(logs.float()) - FLOOR).clamp(min=0)


def _packed(speakers: Sequence[Speaker]) -> bytes:
    clips = [_logs(c) for one in speakers for version in one.versions for c in version]
    lengths = torch.tensor([len(c) for c in clips], dtype=torch.int32)
    names = json.dumps([[one.program, one.name] for one in speakers])
    return save({"frames": torch.cat(clips), "lengths": lengths}, {"names": names})


def _read(path: Path, words: int) -> list[Speaker]:
    with safe_open(path, framework="pt") as file:
        names = json.loads((file.metadata() or {})["names"])
    tensors = load_file(path)
    clips = iter(_energies(c) for c in tensors["frames"].split(tensors["lengths"].tolist()))
    return [
        Speaker(program, name, [[next(clips) for _ in range(words)] for _ in PITCHES])
        for program, name in names
    ]
