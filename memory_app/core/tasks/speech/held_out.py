"""Voices that no run hears, and what they say in every evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from memory_app.core.audio.clips import Speaker
from memory_app.core.audio.mixing import Utterance, utterance
from memory_app.core.audio.voices import Voice

#: The recorded voice that isn't trained on, and of 256 synthetic ones how many.
HELD_OUT_RECORDED, HELD_OUT_SYNTHETIC = "rms", 13
#: Utterances of an evaluation, words in each at most.
UTTERANCES, WORDS = 120, 4


def is_held_out(speaker: Speaker | Voice) -> bool:
    """Whether a speaker is heard in evaluations alone; by its name, so at every pitch and speed."""
    if speaker.program == "flite":
        return speaker.name == HELD_OUT_RECORDED
    variant = speaker.name.rpartition("+")[2]
    return hashlib.sha256(variant.encode()).digest()[0] < HELD_OUT_SYNTHETIC


def held_out_utterances(speakers: Sequence[Speaker], count: int = UTTERANCES) -> list[Utterance]:
    """The same utterances in every evaluation of these speakers; none without any."""
    rng = np.random.default_rng(0)
    if not speakers:
        return []
    return [utterance(rng, speakers[int(rng.integers(len(speakers)))], WORDS) for _ in range(count)]
