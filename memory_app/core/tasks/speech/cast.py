"""The voices of a run: made once, heard by its batches and its evaluator."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from memory_app.core.audio.clips import Speaker, made_speakers
from memory_app.core.audio.voices import Voice, VoiceError, voices
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.speech.words import DIGITS, SPELLINGS
from memory_app.core.training.trainer import TrainingError

#: The run's voices, in its folder.
VOICES_FILE = "voices.safetensors"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Cast:
    """All speakers of a run."""

    speakers: list[Speaker]


#: A run's batches and its evaluator hear the same voices, which are made once and kept no longer
#: than they are heard.
_casts: weakref.WeakValueDictionary[tuple[int, ...], Cast] = weakref.WeakValueDictionary()


def cast_of(settings: TrainingSettings, folder: Path | None, poll: Callable[[], None]) -> Cast:
    """The speakers of a run; kept in its folder, for a process that goes on with it.

    Raises:
        TrainingError: no voice can be made here.
    """
    seed, speech = settings.optimisation.seed, settings.speech
    counts = (speech.synthetic_voices, speech.accented_voices, speech.recorded_voices)
    found = _casts.get((seed, *counts))
    if found is not None:
        return found
    path = None if folder is None else folder / VOICES_FILE
    try:
        drawn = [] if path is not None and path.is_file() else drawn_voices(seed, *counts)
        speakers = made_speakers(drawn, DIGITS, SPELLINGS, seed, path, poll)
    except VoiceError as fault:
        raise TrainingError(fault.sentence) from fault
    found = _casts[seed, *counts] = Cast(speakers)
    return found


def drawn_voices(seed: int, synthetic: int, accented: int, recorded: int) -> list[Voice]:
    """Voices that can say the words.

    Raises:
        VoiceError: none can be made here.
    """
    return voices(
        seed,
        synthetic=synthetic,
        accented=accented,
        recorded=recorded,
        languages=tuple(SPELLINGS),
    )
