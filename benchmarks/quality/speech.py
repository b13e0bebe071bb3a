"""What stands beside a checkpoint for speech: the nearest synthetic word by dynamic time warping.

python -m benchmarks.quality.speech --checkpoint FOLDER --recordings FOLDER [--voices 40]

The recordings are named as `evaluate --data` wants them. A template is a word of a synthetic voice
(espeak-ng and flite have to be installed), levelled as the model hears it; a recording is the word
of the template that it is nearest to (Sakoe and Chiba 1978: steps of 1 along either or both, the
sum of Euclidean distances over the lengths' sum).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.quality.report import print_result
from memory_app.core.audio.clips import made_speakers
from memory_app.core.audio.levels import levelled
from memory_app.core.audio.log_mel import BANDS, log_mel
from memory_app.core.audio.voices import trimmed
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.replay import configure_process
from memory_app.core.tasks.speech.cast import drawn_voices
from memory_app.core.tasks.speech.reading import frames_of
from memory_app.core.tasks.speech.recordings import Recording, read_recordings
from memory_app.core.tasks.speech.task import recording_figures
from memory_app.core.tasks.speech.words import DIGITS, SPELLINGS


def templates_of(voices: int) -> tuple[list[Tensor], list[int]]:
    """(levelled frames of each template, its word)."""
    drawn = drawn_voices(0, voices, voices // 2, voices // 2)
    frames, words = [], []
    for speaker in made_speakers(drawn, DIGITS, SPELLINGS, 0, None):
        for word, energies in enumerate(speaker.versions[1]):
            frames.append(levelled(log_mel(energies)[None])[0])
            words.append(word)
    return frames, words


def warped_distances(own: Tensor, templates: Tensor, lengths: Tensor) -> Tensor:
    """The distance of frames [T, BANDS] to each template [N, S, BANDS], by its length [N]."""
    costs = torch.cdist(own[None].expand(len(templates), -1, -1), templates)  # [N, T, S]
    infinite = torch.full((len(templates), costs.shape[2] + 1), torch.inf)
    row = infinite.clone()
    row[:, 0] = 0
    for step in range(costs.shape[1]):
        after = infinite.clone()
        entered = torch.minimum(row[:, 1:], row[:, :-1])
        for place in range(costs.shape[2]):
            best = torch.minimum(entered[:, place], after[:, place])
            after[:, place + 1] = best + costs[:, step, place]
        row = after
    ends = row.gather(1, lengths[:, None])[:, 0]
    return ends / (lengths + len(own))


def nearest_words(recordings: Sequence[Recording], voices: int) -> float:
    """Share of the recordings whose nearest template is another word."""
    frames, words = templates_of(voices)
    lengths = torch.tensor([len(one) for one in frames])
    padded = torch.zeros(len(frames), int(lengths.max()), BANDS)
    for index, template in enumerate(frames):
        padded[index, : len(template)] = template
    wrong = 0
    for one in recordings:
        own = levelled(frames_of(trimmed(one.samples))[None])[0]
        nearest = int(warped_distances(own, padded, lengths).argmin())
        wrong += words[nearest] != one.words[0]
    return wrong / len(recordings)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.speech")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, required=True)
    parser.add_argument("--voices", type=int, default=40)
    parser.add_argument("--sample", type=int, default=300, help="recordings for the templates")
    options = parser.parse_args()
    configure_process()
    recordings = read_recordings(options.recordings)
    figures: dict[str, Any] = recording_figures(load_checkpoint(options.checkpoint), recordings)
    chosen = random.Random(0).sample(recordings, min(options.sample, len(recordings)))
    rate = nearest_words(chosen, options.voices)
    figures["baselines"] = {"templates": {"wer": rate, "n": len(chosen)}}
    print_result({"speech": figures})


if __name__ == "__main__":
    main()
