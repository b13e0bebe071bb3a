"""WAV files of every width, rate and number of channels; anything else is one sentence."""

import io
import struct
import wave

import numpy as np
import pytest
import torch

from memory_app.core.audio.log_mel import SAMPLE_RATE
from memory_app.core.audio.wave_file import AudioError, read_wave, wave_samples


def wav(values, rate=SAMPLE_RATE, width=2, channels=1):
    """A WAV file of values in −1…1, the same in every channel."""
    values = np.repeat(np.asarray(values, np.float64), channels)
    if width == 1:
        data = (values * 127 + 128).astype(np.uint8).tobytes()
    elif width == 3:
        whole = (values * (2**23 - 1)).astype("<i4").tobytes()
        data = b"".join(whole[k : k + 3] for k in range(0, len(whole), 4))
    else:
        data = (values * (2 ** (8 * width - 1) - 1)).astype(f"<i{width}").tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(data)
    return file.getvalue()


WAVE = np.sin(np.arange(4000) / 20) * 0.5


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_width_and_number_of_channels_gives_the_same_sound(width, channels):
    samples = wave_samples(wav(WAVE, width=width, channels=channels))
    assert samples.shape == (4000,)
    assert torch.allclose(samples, torch.tensor(WAVE, dtype=torch.float32), atol=0.02)


def test_sound_at_44_1_khz_is_brought_to_16():
    assert len(wave_samples(wav(np.zeros(44_100), rate=44_100))) == SAMPLE_RATE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"\0" * 5000,
        b"not a sound at all",
        wav(WAVE)[:30],
        wav(WAVE)[:20] + struct.pack("<H", 3) + wav(WAVE)[22:],  # floats instead of PCM
        wav([]),
    ],
)
def test_what_is_no_sound_is_refused_in_a_sentence(data):
    with pytest.raises(AudioError, match=r"“word.wav”.*\.$"):
        wave_samples(data, "word.wav")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(AudioError, match="can't be read"):
        read_wave(tmp_path / "absent.wav")
