"""Utterances: their words lie where they say, and a seed says everything."""

import numpy as np
import pytest
import torch

from memory_app.core.audio.clips import Speaker, clip, made_speakers
from memory_app.core.audio.log_mel import BANDS, SAMPLE_RATE
from memory_app.core.audio.mixing import utterance
from memory_app.core.audio.voices import Voice, VoiceError, say_all, trimmed, voices


def burst(seconds, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(int(seconds * SAMPLE_RATE), generator=generator) * 0.05


def a_speaker(words=3):
    version = [clip(burst(0.3 + 0.05 * word, word)) for word in range(words)]
    return Speaker("espeak-ng", "en-gb+m1", [version, version])


@pytest.mark.parametrize("seed", range(20))
def test_words_lie_in_their_spans_in_order(seed):
    said = utterance(np.random.default_rng(seed), a_speaker(), 4)
    assert 1 <= len(said.words) <= 4
    assert len(said.spans) == len(said.words)
    assert said.frames.shape[1] == BANDS
    assert bool(said.frames.isfinite().all())
    ends = [0]
    for first, end in said.spans:
        assert ends[-1] <= first < end <= len(said.frames)
        ends.append(end)


def test_words_are_louder_than_what_is_around_them():
    rng, louder = np.random.default_rng(3), 0
    for _ in range(40):
        said = utterance(rng, a_speaker(), 1)
        (first, end), level = said.spans[0], said.frames.mean(1)
        louder += bool(level[first:end].mean() > level[:first].mean())
    assert louder >= 38


def test_one_seed_gives_one_utterance():
    one, same, other = (utterance(np.random.default_rng(s), a_speaker(), 4) for s in (1, 1, 2))
    assert torch.equal(one.frames, same.frames)
    assert one.words == same.words
    assert one.frames.shape != other.frames.shape or not torch.equal(one.frames, other.frames)


def test_a_word_loses_the_silence_around_it():
    silence = torch.zeros(SAMPLE_RATE)
    word = trimmed(torch.cat([silence, burst(0.4), silence]))
    assert 0.4 <= len(word) / SAMPLE_RATE <= 0.47
    assert float(word.square().mean().sqrt()) == pytest.approx(0.05, rel=0.05)


@pytest.fixture
def spoken(monkeypatch):
    """Voices that say bursts, and a list of what they were told."""
    told = []

    def say(self, word):
        told.append((self.name, word))
        if self.name.endswith("mute"):
            raise VoiceError(self.name)
        return burst(0.02 if self.name.endswith("curt") else 0.3, len(word))

    monkeypatch.setattr(Voice, "say", say)
    return told


def named(name, language=""):
    return Voice("espeak-ng", name, (), language)


def test_voices_that_fail_or_swallow_words_are_left_out(spoken):
    drawn = [named("en"), named("en+mute"), named("en+curt")]
    assert [voice.name for voice, _ in say_all(drawn, ["one", "two"], {})] == ["en"]
    with pytest.raises(VoiceError, match="No voice"):
        say_all(drawn[1:], ["one"], {})


def test_a_voice_of_another_language_gets_its_own_spelling(spoken):
    say_all([named("de", "de"), named("en")], ["one"], {"de": ["wann"]})
    assert sorted(spoken) == [("de", "wann"), ("en", "one")]


def test_speakers_read_back_are_those_that_were_made(spoken, tmp_path):
    path = tmp_path / "run" / "voices.safetensors"
    made = made_speakers([named("en"), named("fr", "fr")], ["one", "three"], {}, 5, path)
    spoken.clear()
    read = made_speakers([], ["one", "three"], {}, 5, path)
    assert not spoken
    assert [(one.program, one.name) for one in read] == [("espeak-ng", "en"), ("espeak-ng", "fr")]
    for one, same in zip(made, read, strict=True):
        for version, other in zip(one.versions, same.versions, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(version, other, strict=True))


def test_without_espeak_one_sentence_says_what_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(VoiceError, match="install espeak-ng"):
        voices(0, synthetic=5, accented=0, recorded=0, languages=())
