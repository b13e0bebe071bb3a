"""What a run hears: utterances of synthetic voices, mixed anew for every step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from memory_app.core.audio.clips import Speaker
from memory_app.core.audio.levels import levelled
from memory_app.core.audio.log_mel import BANDS
from memory_app.core.audio.mixing import Utterance, utterance
from memory_app.core.data.batching import Batch
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.speech.cast import Cast
from memory_app.core.tasks.speech.held_out import is_held_out
from memory_app.core.tasks.speech.words import NO_WORD
from memory_app.core.training.trainer import TrainingError

#: Batches of one pool.
POOL = 50
#: Loss weight of a frame without a word, against 1 of one within.
SILENT = 0.3
#: Frames behind a word in which it still counts as heard.
AFTER = 2
#: Part of a run in which utterances have at most EARLY_WORDS words: sounds are learned first.
EARLY, EARLY_WORDS = 0.3, 2


@dataclass(frozen=True, slots=True)
class FrameBatch(Batch):
    """Recordings side by side: `ids` are frames float32 [B, T, BANDS]; targets int64 [B, T]."""

    targets: Tensor

    def windows(self, width: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """(frames, targets, weights) of all frames at once: a sequence loss needs whole words."""
        yield self.ids, self.targets, self.weights


def frame_targets(said: Utterance, part: float) -> tuple[Tensor, Tensor]:
    """(targets int64 [T], loss weights float32 [T]): a word in its last `part` and just behind it.

    Before, nothing counts: the word can't be known yet.
    """
    targets = torch.full((len(said.frames),), NO_WORD)
    weights = torch.full((len(said.frames),), SILENT)
    for word, (first, end) in zip(said.words, said.spans, strict=True):
        known = end - round(part * (end - first))
        weights[first:known] = 0
        targets[known : end + AFTER], weights[known : end + AFTER] = word + 1, 1
    return targets, weights


def frame_batch(said: Sequence[Utterance], part: float) -> FrameBatch:
    """Utterances side by side, no weight behind the shorter ones; `part`: see `frame_targets`."""
    length = max(len(one.frames) for one in said)
    frames = torch.zeros(len(said), length, BANDS)
    targets = torch.full((len(said), length), NO_WORD)
    weights = torch.zeros(len(said), length)
    for row, one in enumerate(said):
        frames[row, : len(one.frames)] = one.frames
        own_targets, own_weights = frame_targets(one, part)
        targets[row, : len(own_targets)], weights[row, : len(own_weights)] = (
            own_targets,
            own_weights,
        )
    return FrameBatch(levelled(frames), weights, targets)


class Utterances:
    """Pool k is a function of k and of the run's progress alone."""

    def __init__(self, settings: TrainingSettings, cast: Cast) -> None:
        """Raises TrainingError where every voice is held out."""
        self._speech, self._seed = settings.speech, settings.optimisation.seed
        self._cast = cast  # kept for the evaluator of the same run
        heard = [speaker for speaker in cast.speakers if not is_held_out(speaker)]
        if not heard:
            raise TrainingError("Every voice is held out. Choose more voices.")
        self._recorded = [speaker for speaker in heard if speaker.program == "flite"]
        self._synthetic = [speaker for speaker in heard if speaker.program != "flite"]

    def _speaker(self, rng: np.random.Generator) -> Speaker:
        recorded = self._recorded and rng.random() < self._speech.recorded_share
        own = self._recorded if recorded or not self._synthetic else self._synthetic
        return own[int(rng.integers(len(own)))]

    def pool(self, index: int, progress: float) -> list[Batch]:
        """The batches of one pool."""
        rng = np.random.default_rng([self._seed, index])
        most = self._speech.most_words if progress >= EARLY else EARLY_WORDS
        pool: list[Batch] = []
        for _ in range(POOL):
            said = [
                utterance(rng, self._speaker(rng), most)
                for _ in range(self._speech.batch_utterances)
            ]
            pool.append(frame_batch(said, self._speech.known_part))
        return pool
