"""Words out of the outputs, as they come (greedy CTC decoding, Graves et al. 2006).

Of each frame the likeliest output counts; a word is said once for each run of frames in which it is
the likeliest.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from memory_app.core.tasks.speech.words import NO_WORD


@dataclass(frozen=True, slots=True)
class Heard:
    """A word, the frame at which it was recognised, and its probability there."""

    word: int
    frame: int
    probability: float


class WordStream:
    """The words of one recording; however its frames are cut into pieces, they are the same."""

    def __init__(self) -> None:
        self._last = NO_WORD
        self.frames = 0

    def push(self, logits: Tensor) -> list[Heard]:
        """Logits of the next frames [T, outputs] → the words that begin to be likeliest there."""
        heard = []
        shares = logits.softmax(-1)
        for share, output in zip(*(t.tolist() for t in shares.max(-1)), strict=True):
            if output not in (NO_WORD, self._last):
                heard.append(Heard(output - 1, self.frames, share))
            self._last = output
            self.frames += 1
        return heard


def words_of(logits: Tensor) -> list[int]:
    """The words of a whole recording, logits [T, outputs]."""
    return [heard.word for heard in WordStream().push(logits)]
