"""Recordings read by a model: logits, words, and what the gates did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.audio.frame_stream import FrameStream
from memory_app.core.audio.levels import levelled
from memory_app.core.audio.log_mel import BANDS, log_mel, mel_energies
from memory_app.core.cells.layers import Gates
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.tasks.speech.decoding import Heard, WordStream, words_of

#: Recordings that are read side by side.
ROWS = 32


@torch.inference_mode()
def words_heard(
    model: LanguageModel, recordings: Sequence[Tensor], poll: Callable[[], None] = lambda: None
) -> list[list[int]]:
    """The words of each recording, log-mel frames [T, BANDS] (not yet levelled).

    `poll` is called between batches; it may raise.
    """
    order = sorted(range(len(recordings)), key=lambda index: len(recordings[index]))
    heard: list[list[int]] = [[] for _ in recordings]
    for start in range(0, len(order), ROWS):
        poll()
        chosen = order[start : start + ROWS]
        frames = torch.zeros(len(chosen), len(recordings[chosen[-1]]), BANDS)
        for row, index in enumerate(chosen):
            frames[row, : len(recordings[index])] = recordings[index]
        outputs, _ = model.hidden(levelled(frames).to(model.embedding.weight.device))
        logits = model.logits(outputs).float().cpu()
        for row, index in enumerate(chosen):
            heard[index] = words_of(logits[row, : len(recordings[index])])
    return heard


def frames_of(samples: Tensor) -> Tensor:
    """A whole recording's log-mel frames: float32 [N] in −1…1 at SAMPLE_RATE → [T, BANDS]."""
    return log_mel(mel_energies(samples))


@dataclass(frozen=True, slots=True)
class Listened:
    """What one piece of a recording gave: T frames.

    `loud` log-mel [T, BANDS]; `logits` [T, outputs]; `words` that were recognised in it; `gates` of
    each layer, {gate: float32 [T, units]}.
    """

    loud: Tensor
    logits: Tensor
    words: list[Heard]
    gates: list[Gates]


class Listener:
    """One recording as it is spoken: the state is all that is kept of what was heard before."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.state: State = model.blank(1)
        self._frames, self._words = FrameStream(), WordStream()
        self._heard: list[Tensor] = []

    @property
    def frames(self) -> int:
        """How many frames were heard."""
        return self._words.frames

    def heard(self) -> list[list[float]]:
        """The levelled frames so far, each BANDS numbers: what the gate view replays."""
        return [frame for frames in self._heard for frame in frames.tolist()]

    def end(self) -> list[Heard]:
        """The word that hasn't ended yet, as if it ended here; none, or one."""
        return self._words.end()

    @torch.inference_mode()
    def push(self, samples: Tensor) -> Listened:
        """Samples float32 [N] in −1…1 at SAMPLE_RATE; frames that aren't whole yet wait."""
        loud, frames = self._frames.push(samples)
        if not len(frames):
            outputs = self.model.config.outputs
            return Listened(loud, torch.zeros(0, outputs), [], [])
        x, state = self.model.embedding(frames), self.state
        tracer, gates, parts = self.model.cell.tracer(self.model.layers), [], []
        for layer, before in enumerate(state.layers):
            h, after = tracer.outputs(layer, x, before)
            own, _ = tracer.gates(layer, x, h, before, tuple(self.model.config.layer_gates(layer)))
            gates.append(own)
            parts.append(after)
            x = h
        logits = self.model.logits(x).float()
        self.state = State(tuple(parts))
        self._heard.append(frames)
        return Listened(loud, logits, self._words.push(logits), gates)
