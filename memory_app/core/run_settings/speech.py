"""The voices that a speech run hears."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.setting import Section, setting


@dataclass(frozen=True)
class SpeechSettings(Section):
    """Synthetic voices, how many words they say at a time, and the loss of whole utterances."""

    group = Sentence("Spoken words: speech")

    synthetic_voices: int = setting(
        700,
        Sentence("Voices of espeak-ng: accents and variants at random speeds and pitches."),
        range=(10, 20_000),
    )
    accented_voices: int = setting(
        450,
        Sentence("Voices of espeak-ng in other languages, which say the words with an accent."),
        range=(0, 20_000),
    )
    recorded_voices: int = setting(
        300,
        Sentence(
            "Voices of flite, which were recorded from people, at random speeds and pitches. Left "
            "out where flite isn’t installed."
        ),
        range=(0, 20_000),
    )
    recorded_share: float = setting(
        0.4, Sentence("Share of the utterances in a voice of flite."), range=(0, 1)
    )
    batch_utterances: int = setting(48, Sentence("Utterances per optimizer step."), range=(1, 4096))
    most_words: int = setting(5, Sentence("Words of an utterance at most."), range=(1, 50))
    known_part: float = setting(
        0.5,
        Sentence(
            "Part of a word, from its end, in which its frames are to be recognised as the word. "
            "A large part teaches sounds; a small one keeps the model from guessing early."
        ),
        range=(0, 1),
    )
    sequence_weight: float = setting(
        4.0,
        Sentence(
            "Weight in the loss of each utterance’s words in their order (CTC), against 1 for each "
            "frame’s own word. It takes effect once frames are distinguished."
        ),
        range=(0, 100),
    )
