"""What the bot says about itself, the small change of a chat (hello, thanks, goodbye), small talk.

Each entry is the ways to say something and the replies that fit any of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from memory_app.core.facts.grammar import capitalised
from memory_app.core.facts.text_file import Entry, Phrases, Texts

#: Share of the exchanges that are small talk: what people say of their day, and ask in passing.
SMALL_TALK = 0.5
_NONSENSE = 0.1


@dataclass(frozen=True, slots=True)
class Nonsense:
    """What is no text of the language, and replies to it.

    keys: rows of keys, struck at random. repeated: characters, one of them many times. marks:
    several of them. scripts: first and last code points of other scripts' letters.
    """

    keys: Texts
    repeated: str
    marks: str
    unclear: Phrases
    scripts: tuple[tuple[int, int], ...]
    foreign: Phrases

    def exchange(self, rng: random.Random) -> tuple[str, str]:
        """Something without sense and a reply."""
        x = rng.random()
        if x < 0.35:
            letters = rng.choice(self.keys)
            said = "".join(rng.choice(letters) for _ in range(rng.randint(3, 14)))
        elif x < 0.6:
            said = rng.choice(self.repeated) * rng.choice((3, 8, 20, 60, 200, 500))
        elif x < 0.7:
            said = "".join(rng.choice(self.marks) for _ in range(rng.randint(1, 9)))
        else:
            first, last = rng.choice(self.scripts)
            said = "".join(chr(rng.randint(first, last)) for _ in range(rng.randint(1, 14)))
            return said, rng.choice(self.foreign)
        return said.strip() or "?", rng.choice(self.unclear)


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """about_itself, small_change, of_the_day: entries; nonsense: what is said between them."""

    about_itself: tuple[Entry, ...]
    small_change: tuple[Entry, ...]
    of_the_day: tuple[Entry, ...]
    nonsense: Nonsense

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is said of the bot and in passing."""
        return self.about_itself + self.small_change

    def exchanges(self, rng: random.Random, count: int) -> list[tuple[str, str]]:
        """Draw `count` exchanges, typed in any case; one callable form with fillers."""
        exchanges = []
        for _ in range(count):
            if rng.random() < _NONSENSE:
                exchanges.append(self.nonsense.exchange(rng))
                continue
            says, replies = rng.choice(
                self.of_the_day if rng.random() < SMALL_TALK else self.entries
            )
            user = rng.choice(says)
            x = rng.random()
            if x < 0.3:
                user = user.lower()
                if x < 0.15:
                    user = user.rstrip(".?!") or user
            elif x < 0.4:
                user = capitalised(user)
            exchanges.append((user, rng.choice(replies)))
        return exchanges
