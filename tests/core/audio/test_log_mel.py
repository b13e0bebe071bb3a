"""Frames of sound: the same however it is cut, at either sample rate, and blind to loudness."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_app.core.audio.frame_stream import FrameStream
from memory_app.core.audio.levels import RunningLevel, levelled
from memory_app.core.audio.log_mel import (
    BANDS,
    HOP,
    SAMPLE_RATE,
    WINDOW,
    log_mel,
    mel_energies,
    mel_filters,
    noise_energies,
)
from memory_app.core.audio.resample import resample


def noise(samples, seed=0):
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed)) * 0.1


def tone(hertz, seconds=0.5, rate=SAMPLE_RATE):
    return torch.sin(2 * math.pi * hertz * torch.arange(int(seconds * rate)) / rate) * 0.3


@given(cuts=st.lists(st.integers(0, 3000), max_size=6))
@settings(deadline=None, max_examples=30)
def test_frames_are_the_same_however_the_sound_is_cut(cuts):
    sound = noise(6000)
    whole_loud, whole = FrameStream().push(sound)
    stream, places = FrameStream(), [0, *sorted(cuts), len(sound)]
    pieces = [stream.push(sound[a:b]) for a, b in itertools.pairwise(places)]
    assert torch.allclose(torch.cat([loud for loud, _ in pieces]), whole_loud, atol=1e-5)
    assert torch.allclose(torch.cat([own for _, own in pieces]), whole, atol=1e-5)
    assert len(whole) == (6000 - WINDOW) // HOP + 1


def test_less_than_a_window_gives_no_frame():
    assert mel_energies(noise(WINDOW - 1)).shape == (0, BANDS)
    assert mel_energies(noise(WINDOW)).shape == (1, BANDS)


def test_the_levels_of_whole_recordings_are_those_of_a_stream():
    frames = torch.randn(2, 90, BANDS) * 4 - 3
    side_by_side = levelled(frames)
    for row in range(2):
        assert torch.allclose(RunningLevel().push(frames[row]), side_by_side[row], atol=1e-5)


def test_a_louder_recording_gives_the_same_levels():
    sound = noise(8000) + tone(440)  # above the first peak
    soft = levelled(log_mel(mel_energies(sound))[None])
    loud = levelled(log_mel(mel_energies(sound * 8))[None])
    # The first frames are judged by a peak that was assumed.
    assert torch.allclose(soft[:, 1:], loud[:, 1:], atol=0.02)


@pytest.mark.parametrize("hertz", [150.0, 1000.0, 3000.0])
def test_a_tone_is_loudest_in_the_band_around_it(hertz):
    energies = mel_energies(tone(hertz)).mean(0)
    bins = mel_filters()[:, int(energies.argmax())]
    centre = float((bins * torch.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1)).sum() / bins.sum())
    assert abs(centre - hertz) < 0.12 * hertz + 30


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 48_000])
def test_sound_at_another_rate_gives_nearly_the_same_frames(rate):
    other = resample(tone(700, rate=rate), rate, SAMPLE_RATE)
    assert abs(len(other) - SAMPLE_RATE // 2) <= 1
    own, from_other = (log_mel(mel_energies(s[2000:6000])) for s in (tone(700), other))
    assert (own - from_other)[:, own.mean(0) > 0].abs().max() < 0.15


def test_noise_has_the_energies_that_are_expected_of_it():
    energies = mel_energies(torch.randn(400_000, generator=torch.Generator().manual_seed(1)))
    assert torch.allclose(energies.mean(0), noise_energies(), rtol=0.1)
