"""Exchanges that have nothing to do with anybody's facts: what stands in the gap.

The exam draws from `exchanges.txt`, written for this project (one "user | bot" a line), so that
a fresh clone can run it; training draws from the corpora and leaves these unseen.
"""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("exchanges.txt")
SEPARATOR = " | "
MAX_USER_CHARACTERS = 160
MAX_BOT_CHARACTERS = 200

# First-person facts of our slots, and answers that would contradict one. Wide on purpose: a
# corpus has fillers to spare, while a second "my name is" makes a right answer wrong.
_PERSONAL = re.compile(
    r"\b(my|our) (first |last |best |older |younger |big |little |real |own |fav\w* )*"
    r"(name|nickname|sister|brother|mother|father|mom|mum|dad|wife|husband|friend|son|daughter"
    r"|boss|teacher|neighbou?r|cousin|aunt|uncle|girlfriend|boyfriend|grandmother|grandfather"
    r"|grandma|grandpa|roommate|colleague|baby|dog|cat|pet|puppy|kitten|horse|job|profession|age"
    r"|birthday|hobb\w+|hometown|home|house|car|bike|phone|password|favou?rites?|number|kids?"
    r"|children|breakfast|lunch|dinner|trip|vacation|holiday)\b"
    r"|\bmy fav(ou?rites?)?\b|\bcall me\b|\bcalls me\b|\bnamed me\b"
    r"|\bi('m| am) (from|called|named|a|an|allergic|afraid|scared|learning|going to|\d+)\b"
    r"|\bi('ve| have)( got)? (a|an|two|three|four|five|\d+)\b"
    r"|\b(i|we) (live|lived|work|worked|grew|come|play|study|studied|had|ate|own|moved)\b"
    r"|\bi was born\b|\bi love\b|\bi like\b|\bi prefer\b"
    r"|\byour name\b|\bremember (me|my|that|your)\b|\byou (told|said) me\b|\bwho am i\b",
    re.IGNORECASE,
)


def is_neutral(user: str, bot: str) -> bool:
    """Whether a corpus's exchange may stand in a gap: short, whole, and no facts of the user's."""
    if not user or not bot or len(user) > MAX_USER_CHARACTERS or len(bot) > MAX_BOT_CHARACTERS:
        return False
    return _PERSONAL.search(user.replace("’", "'")) is None


@cache
def own_exchanges() -> tuple[tuple[str, str], ...]:
    """The project's own (user, bot) exchanges, in the file's order."""
    pairs = []
    for line in _FILE.read_text("utf-8").splitlines():
        user, _, bot = line.partition(SEPARATOR)
        pairs.append((user, bot))
    return tuple(pairs)


def own_fillers(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Draw `count` of the own exchanges, none twice while they last."""
    pairs = own_exchanges()
    if count <= len(pairs):
        return rng.sample(pairs, count)
    return [rng.choice(pairs) for _ in range(count)]
