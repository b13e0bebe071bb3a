"""The task: no corpus; synthetic voices say the words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory_app.core.audio.clips import made_speakers
from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.config import SPEECH_TASK
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks.base import Task
from memory_app.core.tasks.speech.batches import Utterances
from memory_app.core.tasks.speech.cast import cast_of, drawn_voices
from memory_app.core.tasks.speech.evaluator import SpeechEvaluator
from memory_app.core.tasks.speech.figures import edits, word_error_rate
from memory_app.core.tasks.speech.held_out import held_out_utterances, is_held_out
from memory_app.core.tasks.speech.reading import frames_of, words_heard
from memory_app.core.tasks.speech.recordings import Recording, isolated, read_recordings, strings
from memory_app.core.tasks.speech.words import DIGITS, SPELLINGS
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback

#: Voices of an evaluation without recordings.
MEASURED_VOICES = 60


class Speech(Task):
    """Frames in, a word where one has ended; measured by word error rates."""

    name = SPEECH_TASK
    measures_rows = False

    def batches(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
    ) -> Utterances:
        return Utterances(settings, cast_of(settings, None, lambda: None))

    def evaluator(
        self,
        settings: TrainingSettings,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        watchers: Sequence[Callback],
        folder: Path | None = None,
    ) -> SpeechEvaluator:
        return SpeechEvaluator(settings, watchers, folder)

    def metrics(self, checkpoint: Checkpoint, sources: Sequence[Source]) -> dict[str, Any]:
        """`wer` on utterances of held-out voices, made by another seed than a run's, and `n` words.

        Raises:
            VoiceError: no voice can be made here.
        """
        drawn = drawn_voices(-1, MEASURED_VOICES * 20, 0, MEASURED_VOICES)
        chosen = [voice for voice in drawn if is_held_out(voice)][:MEASURED_VOICES]
        said = held_out_utterances(made_speakers(chosen, DIGITS, SPELLINGS, 0, None))
        heard = words_heard(checkpoint.model, [one.frames for one in said])
        words = [one.words for one in said]
        return {"wer": word_error_rate(words, heard), "n": sum(map(len, words))}

    def file_metrics(self, checkpoint: Checkpoint, path: Path) -> dict[str, Any]:
        """Figures on a folder of recordings: `wer` of each by itself and `n`, `wer_strings` of
        strings of four, `per_speaker` both of each.

        Raises:
            AudioError: it isn't such a folder.
        """
        recordings = read_recordings(path)
        return recording_figures(checkpoint, recordings)


def recording_figures(checkpoint: Checkpoint, recordings: Sequence[Recording]) -> dict[str, Any]:
    """`file_metrics` of recordings."""
    alone, joined = isolated(recordings), strings(recordings)
    heard = [
        words_heard(checkpoint.model, [frames_of(one.samples) for one in every])
        for every in (alone, joined)
    ]
    wrong: dict[str, list[int]] = {}
    for kind, (every, words) in enumerate(zip((alone, joined), heard, strict=True)):
        for one, own in zip(every, words, strict=True):
            counts = wrong.setdefault(one.speaker, [0, 0, 0, 0])
            counts[2 * kind] += edits(one.words, own)
            counts[2 * kind + 1] += len(one.words)
    total = [sum(column) for column in zip(*wrong.values(), strict=True)]
    return {
        "wer": total[0] / total[1],
        "wer_strings": total[2] / total[3],
        "per_speaker": {
            speaker: {"wer": a / n, "wer_strings": b / m, "n": n}
            for speaker, (a, n, b, m) in sorted(wrong.items())
        },
        "n": total[1],
    }


SPEECH = Speech()
