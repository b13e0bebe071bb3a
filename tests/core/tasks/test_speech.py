"""The speech task: what it hears, how its words are read, that a run learns and can be resumed."""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as within
from hypothesis import strategies as st

from memory_app.core.audio.log_mel import SAMPLE_RATE
from memory_app.core.audio.mixing import Utterance
from memory_app.core.audio.voices import Voice, VoiceError
from memory_app.core.audio.wave_file import AudioError
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.run_settings import PRESETS
from memory_app.core.tasks import SPEECH
from memory_app.core.tasks.speech import cast, task
from memory_app.core.tasks.speech.batches import frame_batch, frame_targets
from memory_app.core.tasks.speech.decoding import WordStream, words_of
from memory_app.core.tasks.speech.figures import edits, word_error_rate
from memory_app.core.tasks.speech.held_out import is_held_out
from memory_app.core.tasks.speech.reading import Listener, frames_of, words_heard
from memory_app.core.tasks.speech.recordings import Recording, isolated, read_recordings, strings
from memory_app.core.tasks.speech.words import DIGITS, NO_WORD, OUTPUTS, SPELLINGS
from memory_app.core.training.run import run
from memory_app.core.training.sequence_loss import sequence_nll, sequence_share, words_along
from memory_app.core.training.trainer import TrainingError
from tests.core.audio.test_wave_file import wav
from tests.core.training.test_trainer import Curve

SETTINGS = PRESETS["speech"].changed(
    {
        "embedding_dim": 24,
        "hidden_size": 32,
        "num_layers": 1,
        "dropout": 0.0,
        "steps": 200,
        "evaluate_every": 200,
        "save_every": 100,
        "warmup": 5,
        "learning_rate": 0.02,
        "batch_utterances": 10,
        "most_words": 2,
        "precision": "float32",
    }
)


def tone(word: int, seconds: float = 0.3) -> torch.Tensor:
    """A word of a language of ten tones."""
    hertz = 250 * 1.28**word
    times = torch.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return torch.sin(2 * math.pi * hertz * times) * 0.07


@contextlib.contextmanager
def tones_for_words() -> Iterator[None]:
    """Voices that whistle; none is installed where the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Voice, "say", lambda self, word: tone(DIGITS.index(word)))
        drawn = [Voice("espeak-ng", f"en+{k}", ()) for k in range(4)]
        drawn.append(Voice("flite", "rms", ()))
        for module in (cast, task):
            patch.setattr(module, "drawn_voices", lambda *counts: drawn)
        yield


@pytest.fixture
def whistlers() -> Iterator[None]:
    with tones_for_words():
        yield


@pytest.fixture(scope="module")
def trained(spoken_folder: Path) -> Checkpoint:
    return load_checkpoint(spoken_folder)


def said(words: list[int], seconds: float = 0.3) -> torch.Tensor:
    silence = torch.zeros(SAMPLE_RATE // 4)
    return torch.cat([silence, *(s for word in words for s in (tone(word, seconds), silence))])


def test_a_run_learns_its_words(trained: Checkpoint) -> None:
    spoken = [[3], [7, 1], [0, 9, 4], [5, 5]]
    heard = words_heard(trained.model, [frames_of(said(words)) for words in spoken])
    assert word_error_rate(spoken, heard) <= 0.25
    assert trained.model.config.outputs == OUTPUTS
    assert trained.config["task"] == "speech"
    # Tones that are moved like voices can't be told apart; that it was measured is what counts.
    assert trained.config["training"]["validation"].keys() == {"wer", "utterances"}


def test_a_recording_in_pieces_is_heard_as_a_whole(trained: Checkpoint) -> None:
    sound = said([2, 8, 6])
    listener, logits, words, gates = Listener(trained.model), [], [], []
    for piece in sound.split(700):
        listened = listener.push(piece)
        logits.append(listened.logits)
        words += listened.words
        if listened.gates:
            gates.append(listened.gates[0]["f"])
    whole = Listener(trained.model).push(sound)
    assert torch.allclose(torch.cat(logits), whole.logits, atol=1e-4)
    assert torch.allclose(torch.cat(gates), whole.gates[0]["f"], atol=1e-4)
    assert [(one.word, one.frame) for one in words] == [
        (one.word, one.frame) for one in whole.words
    ]
    assert listener.frames == len(whole.loud) == len(listener.heard())
    alone = words_heard(trained.model, [frames_of(sound)])[0]
    assert [one.word for one in words] == alone


def test_recordings_side_by_side_are_heard_as_alone(trained: Checkpoint) -> None:
    sounds = [frames_of(said(words)) for words in ([1], [2, 3, 4], [9, 0])]
    together = words_heard(trained.model, sounds)
    assert together == [words_heard(trained.model, [one])[0] for one in sounds]


def test_a_resumed_run_is_the_run_that_never_stopped(whistlers: None, tmp_path: Path) -> None:
    settings = SETTINGS.changed({"steps": 8, "evaluate_every": 4, "save_every": 2})
    whole = run(SPEECH, settings, [], tmp_path / "whole")

    class Stop(Curve):
        def on_step(self, step: int, metrics: dict[str, float]) -> bool:
            super().on_step(step, metrics)
            return step == 5

    assert not run(SPEECH, settings, [], tmp_path / "parts", [Stop()]).finished
    parts = run(SPEECH, settings, [], tmp_path / "parts", resume=True)
    assert parts.sha256 == whole.sha256


def test_a_run_goes_on_from_the_weights_of_another(
    whistlers: None, spoken_folder: Path, tmp_path: Path
) -> None:
    settings = SETTINGS.changed({"steps": 1, "learning_rate": 1e-7, "warmup": 0, "keep": "last"})
    result = run(SPEECH, settings, [], tmp_path, start_from=spoken_folder)
    assert result.checkpoint is not None
    parent, own = (
        load_checkpoint(p).model.state_dict() for p in (spoken_folder, result.checkpoint)
    )
    assert all(torch.allclose(own[name], parent[name], atol=1e-3) for name in parent)


def test_without_voices_one_sentence_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(TrainingError, match="install espeak-ng"):
        run(SPEECH, SETTINGS, [], tmp_path)


def test_every_voice_of_a_held_out_name_is_held_out() -> None:
    assert is_held_out(Voice("flite", "rms", ("fast",)))
    assert not is_held_out(Voice("flite", "slt", ()))
    names = [f"en-gb+v{k}" for k in range(400)]
    shares = [is_held_out(Voice("espeak-ng", name, ())) for name in names]
    assert 5 <= sum(shares) <= 40
    # The accent doesn't matter: another one in the same variant would give the voice away.
    variants = [is_held_out(Voice("espeak-ng", f"de+v{k}", ())) for k in range(400)]
    assert variants == shares


def test_every_spelling_has_all_words() -> None:
    assert all(len(words) == len(DIGITS) for words in SPELLINGS.values())


def test_targets_begin_in_the_middle_of_a_word_and_say_nothing_before() -> None:
    utterance = Utterance(torch.zeros(30, 40), [4, 0], [(5, 11), (20, 24)])
    targets, weights = frame_targets(utterance, 0.5)
    assert targets.tolist() == [0] * 8 + [5] * 5 + [0] * 9 + [1] * 4 + [0] * 4
    assert (weights[5:8] == 0).all()
    assert (weights[20:22] == 0).all()
    assert weights[0] == weights[29] == pytest.approx(0.3)
    late, _ = frame_targets(utterance, 0.0)
    assert late.tolist() == [0] * 11 + [5] * 2 + [0] * 11 + [1] * 2 + [0] * 4
    batch = frame_batch([utterance, replace(utterance, frames=torch.zeros(26, 40))], 0.5)
    assert batch.weights[1, 26:].sum() == 0
    assert [words.tolist() for words in words_along(batch.targets)] == [[5, 1], [5, 1]]


def test_the_sequence_loss_is_that_of_all_paths() -> None:
    """Two frames, one word: the paths are word-word, word-blank and blank-word."""
    logits = torch.tensor([[[0.2, 1.0, -1.0], [0.5, 0.1, 0.3]]])
    p = logits.softmax(-1)[0]
    whole = p[0, 1] * p[1, 1] + p[0, 1] * p[1, 0] + p[0, 0] * p[1, 1]
    found = sequence_nll(logits, torch.tensor([[1, 1]]), torch.ones(1, 2))
    assert found == pytest.approx(-math.log(whole))


def test_the_order_of_words_counts_once_frames_are_told_apart() -> None:
    assert sequence_share(math.log(OUTPUTS)) == sequence_share(1.0) == 0
    assert sequence_share(0.75) == pytest.approx(0.5)
    assert sequence_share(0.1) == 1


def test_a_row_too_short_for_its_words_counts_nothing() -> None:
    logits = torch.zeros(1, 2, 3, requires_grad=True)
    loss = sequence_nll(logits, torch.tensor([[1, 2]]), torch.tensor([[1.0, 0.0]]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


@given(outputs=st.lists(st.integers(0, 3), max_size=30), cut=st.integers(0, 30))
@within(deadline=None, max_examples=60)
def test_a_run_of_word_frames_is_one_word_however_it_is_cut(outputs, cut):
    logits = torch.nn.functional.one_hot(torch.tensor(outputs, dtype=torch.int64), 4).float() * 9
    stream = WordStream()
    pieces = stream.push(logits[:cut]) + stream.push(logits[cut:]) + stream.end()
    runs = [
        list(part) for word, part in groupby(enumerate(outputs), lambda one: one[1] != 0) if word
    ]
    assert [one.frame for one in pieces] == [part[-1][0] for part in runs]
    for one, part in zip(pieces, runs, strict=True):
        votes = Counter(output for _, output in part)
        assert votes[one.word + 1] == max(votes.values())
    assert words_of(logits) == [one.word for one in pieces]
    assert stream.frames == len(outputs)


def test_a_word_whose_first_guess_was_another_is_one_word() -> None:
    """ "Four" begins like "five": the longer and surer part of the run decides."""
    logits = torch.full((6, OUTPUTS), -4.0)
    logits[[0, 5], NO_WORD] = logits[1, 1 + 5] = logits[2:5, 1 + 4] = 4.0
    (heard,) = WordStream().push(logits)
    assert (heard.word, heard.frame) == (4, 4)
    assert 0.7 < heard.probability < 0.8


@pytest.mark.parametrize(
    ("words", "heard", "count"),
    [([], [], 0), ([1, 2], [1, 2], 0), ([1], [], 1), ([1], [2, 1], 1), ([1, 2, 3], [3, 2, 1], 2)],
)
def test_edits_are_the_fewest(words: list[int], heard: list[int], count: int) -> None:
    assert edits(words, heard) == edits(heard, words) == count


def test_a_folder_of_recordings_is_read_and_measured(trained: Checkpoint, tmp_path: Path) -> None:
    for speaker in ("ann", "ben"):
        for digit in range(10):
            sound = tone(digit).numpy() if speaker == "ann" else np.zeros(4000)
            (tmp_path / f"{digit}_{speaker}_0.wav").write_bytes(wav(sound))
    (tmp_path / "README.md").write_text("no sound")
    read = read_recordings(tmp_path)
    assert [(one.speaker, one.words) for one in read][:2] == [("ann", [0]), ("ben", [0])]
    figures = SPEECH.file_metrics(trained, tmp_path)
    assert figures["n"] == 20
    assert figures["per_speaker"]["ann"]["wer"] < figures["per_speaker"]["ben"]["wer"]
    assert figures["per_speaker"]["ben"]["wer"] >= 1
    mean = sum(one["wer"] for one in figures["per_speaker"].values()) / 2
    assert figures["wer"] == pytest.approx(mean)


def test_strings_are_four_words_of_one_speaker() -> None:
    recordings = [Recording(name, [d], tone(d)) for name in ("a", "b") for d in range(3)]
    made = strings(recordings)
    assert len(made) == 200
    assert {one.speaker for one in made} == {"a", "b"}
    assert all(len(one.words) == 4 for one in made)
    assert [one.words for one in made] == [one.words for one in strings(recordings)]
    assert all(len(one.samples) > len(tone(0)) for one in isolated(recordings))


@pytest.mark.parametrize("name", [None, "seven_ann_0.wav", "12_ann_0.wav"])
def test_a_folder_without_recordings_is_refused(tmp_path: Path, name: str | None) -> None:
    if name:
        (tmp_path / name).write_bytes(wav([0.1] * 400))
    with pytest.raises(AudioError, match="DIGIT_SPEAKER_INDEX"):
        read_recordings(tmp_path)
    with pytest.raises(AudioError, match="not a folder"):
        read_recordings(tmp_path / "absent")


def test_the_voice_error_says_which_program() -> None:
    with pytest.raises(VoiceError, match="no-such-program"):
        Voice("no-such-program", "x", ()).say("one")
