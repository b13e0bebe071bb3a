"""Names that nobody is called."""

from __future__ import annotations

import random
from dataclasses import dataclass

from memory_app.core.facts.hold_out import is_held_out
from memory_app.core.facts.text_file import Texts

_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Syllables:
    """What made-up names are made of: an onset and a vowel for each syllable, a coda at the end."""

    onsets: Texts
    vowels: Texts
    codas: Texts

    def name(self, rng: random.Random) -> str:
        """A pronounceable name of one to three syllables that nobody is called, e.g. "Bravolin"."""
        choice = rng.choice
        while True:
            syllables = 2 if rng.random() < 0.65 else (3 if rng.random() < 0.7 else 1)
            text = "".join(choice(self.onsets) + choice(self.vowels) for _ in range(syllables))
            text = (text + choice(self.codas)).capitalize()
            if len(text) >= _SHORTEST and not is_held_out(text):
                return text
