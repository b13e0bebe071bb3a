"""Sound heard piece by piece on one connection; nothing of it is stored."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from django.utils.translation import gettext_lazy as _
from torch import Tensor

from memory_app import limits, runtime
from memory_app.core.audio.log_mel import BANDS, FRAMES_A_SECOND, SAMPLE_RATE
from memory_app.core.inspection.trace import mean_gates
from memory_app.core.inspection.trace_queries import map_file, trace_of
from memory_app.core.model.checkpoint import Checkpoint as Loaded
from memory_app.core.model.config import SPEECH_TASK
from memory_app.core.tasks.speech.reading import Listened, Listener
from memory_app.core.tasks.speech.words import OUTPUTS, words_in
from memory_app.models import Checkpoint
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_model

TASK = SPEECH_TASK
ABSENT = _("There is no checkpoint for speech here.")
#: Seconds of one recording.
MOST_SECONDS = 30
#: Silence that is heard behind a recording, so that its last word ends.
TAIL = 0.4


@dataclass(frozen=True, slots=True)
class Heard:
    """What a piece of sound gave, from its first frame on: see docs/protocol.md, `speech.heard`."""

    first: int
    listened: Listened
    words: list[dict[str, Any]]
    gates: list[Any]


def speech_model(*, checkpoint: Checkpoint) -> Loaded:
    """The loaded checkpoint.

    Raises:
        Refused: `unavailable`, where its files are damaged or it isn't for this task.
    """
    loaded = task_model(checkpoint, outputs=OUTPUTS)
    if loaded.model.config.inputs != BANDS:
        raise Refused("unavailable", _("The checkpoint has no head for this task."))
    return loaded


class Recording:
    """One recording of one connection: a state, what was recognised, and frames for the gates."""

    def __init__(self, loaded: Loaded) -> None:
        self._listener = Listener(loaded.model)
        self._words = words_in(loaded.config)
        self._strip = loaded.model.cell.strip_gates
        self.samples = 0
        self.ended = False
        self.words: list[dict[str, Any]] = []

    @property
    def frames(self) -> int:
        """Frames heard so far."""
        return self._listener.frames

    def hear(self, pcm: bytes) -> Heard:
        """16-bit samples, little-endian, mono, at SAMPLE_RATE.

        Raises:
            Refused: half a sample, more than MOST_SECONDS of them, or the recording has ended.
        """
        if self.ended:
            raise Refused("invalid", _("The recording has ended. Start a new one."))
        if len(pcm) % 2:
            raise Refused("invalid", _("Sound is sent as whole samples of 16 bits."))
        values = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        if self.samples + len(values) > MOST_SECONDS * SAMPLE_RATE:
            raise Refused(
                "too_long",
                _("A recording has at most %(n)s seconds. Start a new one.") % {"n": MOST_SECONDS},
            )
        self.samples += len(values)
        return self._push(torch.from_numpy(values))

    def end(self) -> Heard:
        """Silence behind the recording, which takes no more sound.

        Raises:
            Refused: it has ended already.
        """
        if self.ended:
            raise Refused("invalid", _("The recording has ended. Start a new one."))
        self.ended = True
        return self._push(torch.zeros(int(TAIL * SAMPLE_RATE)), last=True)

    def _push(self, samples: Tensor, *, last: bool = False) -> Heard:
        first = self.frames
        limits.pay("inspections", int(len(samples) / SAMPLE_RATE * FRAMES_A_SECOND))
        push = partial(self._listener.push, samples)
        listened = runtime.compute_aside(push, queue="speech").result()
        words = [
            {
                "word": self._words[one.word],
                "frame": one.frame,
                "probability": round(one.probability, 4),
            }
            for one in [*listened.words, *(self._listener.end() if last else ())]
        ]
        self.words += words
        gates = mean_gates(listened.gates, self._strip) if listened.gates else []
        return Heard(first, listened, words, gates)

    def gate_map(self, layer: int, gate: str) -> bytes:
        """One gate of one layer over all frames, as the gate view's map (core/inspection).

        Raises:
            Refused: no such layer or gate, or nothing was heard.
        """
        model, frames = self._listener.model, self._listener.heard()
        if not 0 <= layer < model.config.num_layers or gate not in model.config.layer_gates(layer):
            raise Refused("invalid", _("This checkpoint has no such gate."))
        if not frames:
            raise Refused("invalid", _("No sound has arrived yet."))
        limits.pay("traces", len(frames))
        metadata = {"gate": gate, "layer": str(layer)}

        def compute() -> bytes:
            return map_file(trace_of(model, model.blank(1), frames), layer, gate, metadata)

        return runtime.compute_aside(compute, queue="lab").result()
