"""Words said by speech synthesizers: espeak-ng and flite, where they are installed.

Their voices stand in for people's: many variants and accents, speeds and pitches.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from memory_app.core.audio.log_mel import SAMPLE_RATE
from memory_app.core.audio.wave_file import AudioError, wave_samples
from memory_app.core.messages import SentenceError

#: Accents of English that espeak-ng has.
ACCENTS = (
    "en-gb", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029",
    "en-us-nyc",
)  # fmt: skip
#: Voices of flite, which were recorded from people.
RECORDED = ("kal", "kal16", "awb", "rms", "slt")
#: Voices that speak at the same time.
AT_ONCE = 4
#: Seconds for one word.
_TIMEOUT = 20
#: Parts of the loudest frame below which the beginning and the end of a word are silence.
_SILENCE = 0.03


class VoiceError(SentenceError):
    """No voice can be made here; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One way to say words: a program and what it is told."""

    program: str
    name: str
    arguments: tuple[str, ...]
    #: Of a voice of another language its code: it is given words spelled for its readers.
    language: str = ""

    def say(self, word: str) -> Tensor:
        """The word's sound without the silence around it, float32 [N] at SAMPLE_RATE.

        Raises:
            VoiceError: the program failed.
        """
        with tempfile.TemporaryDirectory(prefix="voice-") as folder:
            path = Path(folder) / "word.wav"
            flite = self.program == "flite"
            said = ["-t", word, "-o", str(path)] if flite else ["-w", str(path), word]
            command = [self.program, *self.arguments, *said]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT)
                return trimmed(wave_samples(path.read_bytes(), self.program))
            except (OSError, subprocess.SubprocessError, AudioError) as fault:
                raise VoiceError("{program} couldn't say a word.", program=self.program) from fault


def trimmed(samples: Tensor) -> Tensor:
    """A word without the silence before and behind it, except for 20 ms; its level is set to 0.05.

    Silence: stretches of 10 ms below 3% of the loudest one.
    """
    width = SAMPLE_RATE // 100
    pieces = samples[: len(samples) // width * width].view(-1, width)
    if len(pieces) < 3:
        return samples
    levels = pieces.square().mean(1).sqrt()
    loud = (levels > levels.max() * _SILENCE).nonzero().flatten()
    if not len(loud):
        return samples
    word = samples[max(0, int(loud[0]) - 2) * width : (int(loud[-1]) + 3) * width]
    return word / (word.square().mean().sqrt() + 1e-6) * 0.05


def _variants() -> list[str]:
    """Names of espeak-ng's variants of a voice."""
    command = ["espeak-ng", "--voices=variant"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
    files = [line.split()[4] for line in listed.stdout.splitlines()[1:]]
    return sorted(file.partition("/")[2] for file in files if file.startswith("!v/"))


def _drawn(rng: random.Random, accent: str, variant: str, language: str = "") -> Voice:
    name = f"{accent}+{variant}" if variant else accent
    speed, pitch = rng.randint(110, 230), rng.randint(10, 90)
    told = ("-v", name, "-s", str(speed), "-p", str(pitch))
    return Voice("espeak-ng", name, told, language)


def _recorded(rng: random.Random, name: str) -> Voice:
    stretch, pitch = rng.uniform(0.75, 1.4), rng.uniform(75, 230)
    settings = (f"duration_stretch={stretch:.2f}", f"int_f0_target_mean={pitch:.0f}")
    told = ("-voice", name, "--setf", settings[0], "--setf", settings[1])
    return Voice("flite", name, told)


def voices(
    seed: int, *, synthetic: int, accented: int, recorded: int, languages: Sequence[str]
) -> list[Voice]:
    """`synthetic` English voices of espeak-ng, `accented` ones of its other languages, and
    `recorded` ones of flite, as this seed draws them.

    Without flite those of espeak-ng alone.

    Raises:
        VoiceError: espeak-ng isn't installed.
    """
    if shutil.which("espeak-ng") is None:
        raise VoiceError(
            "Speech is trained on synthetic voices: install espeak-ng, and flite for more of them."
        )
    rng = random.Random(f"{seed}/voices")
    try:
        variants = _variants() or [""]
    except (OSError, subprocess.SubprocessError, IndexError) as fault:
        raise VoiceError("espeak-ng doesn't list its voices.") from fault
    drawn = [_drawn(rng, rng.choice(ACCENTS), rng.choice(variants)) for _ in range(synthetic)]
    for index in range(accented if languages else 0):
        language = languages[index % len(languages)]
        drawn.append(_drawn(rng, language, rng.choice(variants), language))
    if shutil.which("flite") is not None:
        drawn += [_recorded(rng, RECORDED[index % len(RECORDED)]) for index in range(recorded)]
    return drawn


def say_all(
    drawn: Sequence[Voice],
    words: Sequence[str],
    spellings: Mapping[str, Sequence[str]],
    poll: Callable[[], None] = lambda: None,
) -> list[tuple[Voice, list[Tensor]]]:
    """Every word by every voice; a voice that says one too shortly, or fails, is left out.

    `spellings`: the words as readers of other languages need them. `poll` is called before each
    few voices and may raise.

    Raises:
        VoiceError: no voice is left.
    """

    def sounds_of(voice: Voice) -> list[Tensor]:
        try:
            return [voice.say(word) for word in spellings.get(voice.language, words)]
        except VoiceError:
            return []

    said = []
    # A voice is a short process for each word: mostly waiting.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(drawn), AT_ONCE):
            poll()
            some = drawn[start : start + AT_ONCE]
            for voice, sounds in zip(some, pool.map(sounds_of, some), strict=True):
                if sounds and all(len(sound) >= SAMPLE_RATE // 10 for sound in sounds):
                    said.append((voice, sounds))
    if not said:
        raise VoiceError("No voice of espeak-ng could say the words.")
    return said


def pitched(samples: Tensor, factor: float) -> Tensor:
    """Played `factor` times as fast: pitch and formants rise by it."""
    length = max(1, int(len(samples) / factor))
    return torch.nn.functional.interpolate(
        samples[None, None], size=length, mode="linear", align_corners=True
    )[0, 0]
