"""What a corpus is made of, counted while it comes in: turns, words, tokens, how long they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from memory_app.core.text.tokenizer import Tokenizer

Turns = list[tuple[str, str]]
#: Upper edges of the bins, doubling; the last bin has none.
TURN_EDGES = (2, 4, 8, 16, 32, 64)
WORD_EDGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
#: The characters that tell Chinese from English.
HAN = re.compile("[\u3400-\u9fff]")
#: So many dialogues are put into tokens exactly; of the rest every tenth stands for ten.
EXACT_DIALOGUES, EVERY = 50_000, 10
#: A page of the preview begins at the byte where one of these dialogues does.
MARK_EVERY = 100
_BATCH = 512


def _bin(edges: tuple[int, ...], size: int) -> int:
    return next((index for index, edge in enumerate(edges) if size <= edge), len(edges))


def words_in(text: str, language: str) -> int:
    """Words, or in Chinese, which parts none, characters that aren't spaces."""
    return sum(map(len, text.split())) if language == "zh" else len(text.split())


@dataclass(slots=True)
class Profile:
    """Counts, fed one dialogue at a time."""

    language: str = "en"
    tokenizer: Tokenizer | None = None
    dialogues: int = 0
    turns: int = 0
    words: int = 0
    characters: int = 0
    han: int = 0
    tokens: int = 0
    turns_a_dialogue: list[int] = field(default_factory=lambda: [0] * (len(TURN_EDGES) + 1))
    words_a_turn: list[int] = field(default_factory=lambda: [0] * (len(WORD_EDGES) + 1))
    marks: list[int] = field(default_factory=list)
    _waiting: list[str] = field(default_factory=list)

    def add(self, dialogue: Turns, begins: int) -> None:
        """Count a dialogue whose stored line begins at the byte `begins`."""
        if self.dialogues % MARK_EVERY == 0:
            self.marks.append(begins)
        exact = self.dialogues < EXACT_DIALOGUES
        self.dialogues += 1
        self.turns += len(dialogue)
        self.turns_a_dialogue[_bin(TURN_EDGES, len(dialogue))] += 1
        for _, text in dialogue:
            words = words_in(text, self.language)
            self.words += words
            self.characters += len(text)
            self.han += len(HAN.findall(text))
            self.words_a_turn[_bin(WORD_EDGES, words)] += 1
        if self.tokenizer is not None and (exact or self.dialogues % EVERY == 0):
            self._waiting += [text for _, text in dialogue]
            if len(self._waiting) >= _BATCH or self.dialogues == EXACT_DIALOGUES:
                self._count(1 if exact else EVERY)

    def _count(self, weight: int) -> None:
        assert self.tokenizer is not None
        # Each turn is fed with <|user|> or <|bot|> before it and <|end|> behind it.
        ids = self.tokenizer.encode_many(self._waiting)
        self.tokens += weight * sum(len(one) + 2 for one in ids)
        self._waiting.clear()

    def to_dict(self) -> dict[str, Any]:
        """JSON's types; `tokens` is None where there was no tokenizer to count by."""
        if self._waiting:
            self._count(1 if self.dialogues <= EXACT_DIALOGUES else EVERY)
        return {
            "dialogues": self.dialogues,
            "turns": self.turns,
            "words": self.words,
            "characters": self.characters,
            "han": self.han,
            "tokens": self.tokens if self.tokenizer else None,
            "tokens_estimated": bool(self.tokenizer) and self.dialogues > EXACT_DIALOGUES,
            "turns_a_dialogue": self.turns_a_dialogue,
            "words_a_turn": self.words_a_turn,
            "marks": self.marks,
        }
