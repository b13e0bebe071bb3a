"""Words out of the outputs, as they come: one for each run of frames in which a word is likely.

Greedy CTC decoding (Graves et al. 2006) takes the likeliest output of each frame, so that a word
whose first guess was another gives two. Here the frames of a run vote with their probabilities,
and the word is said when the run ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.tasks.speech.words import NO_WORD

#: A frame belongs to a run while "no word" is less likely than this.
SILENT = 0.5


@dataclass(frozen=True, slots=True)
class Heard:
    """A word, the last frame of its run, and its share of the run's votes."""

    word: int
    frame: int
    probability: float


class WordStream:
    """The words of one recording; however its frames are cut into pieces, they are the same."""

    def __init__(self) -> None:
        self._votes: Tensor | None = None
        self.frames = 0

    def push(self, logits: Tensor) -> list[Heard]:
        """Logits of the next frames [T, outputs] → the words whose runs end there."""
        heard = []
        for shares in logits.softmax(-1):
            if shares[NO_WORD] < SILENT:
                votes = torch.cat([shares[:NO_WORD], shares[NO_WORD + 1 :]])
                self._votes = votes if self._votes is None else self._votes + votes
            else:
                heard += self.end()
            self.frames += 1
        return heard

    def end(self) -> list[Heard]:
        """The word of a run that hasn't ended, as if it ended here; none, or one."""
        if self._votes is None:
            return []
        word = int(self._votes.argmax())
        share = float(self._votes[word] / self._votes.sum())
        self._votes = None
        return [Heard(word, self.frames - 1, share)]


def words_of(logits: Tensor) -> list[int]:
    """The words of a whole recording, logits [T, outputs]."""
    stream = WordStream()
    return [heard.word for heard in [*stream.push(logits), *stream.end()]]
