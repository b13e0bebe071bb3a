"""Dialogues as token ids with a loss weight a token; corpora read from normalised JSON lines."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from memory_app.core.text.tokenizer import Tokenizer

Dialogue = list[tuple[str, str]]
#: Pieces of an answer that say whether anything is known ("I don't", "You haven't", "Your …").
DECIDING = 2
# Runs of five and more digits in a corpus are phone numbers and the like: never to be learned.
_LONG_NUMBER = re.compile(r"\d[\d\- ]{3,}\d")


@dataclass(frozen=True, slots=True)
class Source:
    """One corpus of a run: dialogues of (role, text), user first, and how often they are drawn.

    `weight` scales how many of the corpus' dialogues are drawn: 2 means each one twice for
    every once of a corpus with weight 1.
    """

    name: str
    train: Sequence[Dialogue]
    valid: Sequence[Dialogue] = ()
    weight: float = 1.0


@dataclass(slots=True)
class Encoded:
    """A dialogue ready to be fed: ids [T] int32, and for each id the weight of predicting it."""

    ids: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def read_dialogues(path: Path) -> Iterator[Dialogue]:
    """Dialogues of a normalised corpus: one {"turns": [{"role", "text"}]} a line."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield merge_turns((t["role"], t["text"]) for t in json.loads(line)["turns"])


def merge_turns(turns: Iterable[tuple[str, str]]) -> Dialogue:
    """Join neighbouring turns of one role, and put the user first (an opening bot turn goes)."""
    merged: Dialogue = []
    for role, text in turns:
        if merged and merged[-1][0] == role:
            merged[-1] = (role, f"{merged[-1][1]} {text}")
        elif merged or role == "user":
            merged.append((role, text))
    return merged


def mask_numbers(text: str) -> str:
    """Replace the digits of long numbers by 0."""
    return _LONG_NUMBER.sub(lambda found: re.sub(r"\d", "0", found.group()), text)


def untidy(rng: random.Random, text: str) -> str:
    """A user's text as people type it: lower case, and often without the last full stop."""
    text = text.lower()
    return text.rstrip(".!") or text if rng.random() < 0.7 else text


def encode(
    tokenizer: Tokenizer,
    dialogue: Dialogue,
    turn_weights: Sequence[float],
    limit: int,
    decisions: Mapping[int, float] = MappingProxyType({}),
) -> Encoded:
    """<|user|> U <|end|> <|bot|> R <|end|> …, with one loss weight a turn.

    `decisions` gives a factor for the first DECIDING pieces of a turn, by the turn's index.
    The tokens <|user|> and <|bot|> weigh nothing: they are always fed, never guessed. A reply's
    <|end|> weighs as its text does. Longer dialogues are cut at the last whole turn pair within
    `limit` tokens (a first turn longer than that is cut in the middle).
    """
    texts = tokenizer.encode_many([text for _, text in dialogue])
    ids: list[int] = []
    weights: list[float] = []
    told = zip(dialogue, texts, turn_weights, strict=True)
    for turn, ((role, _), piece, weight) in enumerate(told):
        if ids and len(ids) + len(piece) + 2 > limit:
            break
        ids += [tokenizer.user_id if role == "user" else tokenizer.bot_id, *piece, tokenizer.end_id]
        first = len(weights) + 1
        weights += [0.0, *[weight] * (len(piece) + 1)]
        for place in range(first, min(first + DECIDING, len(weights))):
            weights[place] *= decisions.get(turn, 1.0)
    return Encoded(
        np.asarray(ids[:limit], dtype=np.int32), np.asarray(weights[:limit], dtype=np.float32)
    )


def role_weights(dialogue: Dialogue, *, bot_only: bool) -> list[float]:
    """Loss on both speakers of a talk between equals, else on the bot's turns."""
    return [0.0 if bot_only and role == "user" else 1.0 for role, _ in dialogue]


# Lines that would tell or ask a fact of the curriculum: as a filler they would contradict it.
_TELLS = re.compile(
    r"\b(my|name|call(ed)? me|i'?m (from|an?|learning|allergic|afraid|scared)|i am (from|an?)|"
    r"i (live|work|had|ate|play|study|love|like|prefer|own|have|was born)|years old|your name|"
    r"afraid of)\b",
    re.IGNORECASE,
)


def filler_exchanges(dialogues: Iterable[Dialogue], most_words: int = 24) -> list[Dialogue]:
    """Short stretches of real talk (lists of turns) that tell no fact of the curriculum."""
    stretches: list[Dialogue] = []
    for dialogue in dialogues:
        stretch: Dialogue = []
        for (role, said), (_, reply) in zip(dialogue[::2], dialogue[1::2], strict=False):
            short = max(len(said.split()), len(reply.split())) <= most_words
            if role == "user" and short and not _TELLS.search(said) and not _TELLS.search(reply):
                stretch += [("user", said), ("bot", reply)]
            elif stretch:
                stretches.append(stretch)
                stretch = []
        if stretch:
            stretches.append(stretch)
    return stretches


class Fillers:
    """Draws n exchanges (user, bot) of real talk, in stretches that belong together."""

    def __init__(self, stretches: Sequence[Dialogue]) -> None:
        if not stretches:
            raise ValueError("There is nothing to fill gaps with.")
        self._stretches = stretches

    def __call__(self, rng: random.Random, count: int) -> list[tuple[str, str]]:
        drawn: list[tuple[str, str]] = []
        while len(drawn) < count:
            stretch = rng.choice(self._stretches)
            pairs = len(stretch) // 2
            start = rng.randrange(pairs)
            stop = min(pairs, start + count - len(drawn))
            drawn += [(stretch[2 * k][1], stretch[2 * k + 1][1]) for k in range(start, stop)]
        return drawn
