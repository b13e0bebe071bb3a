"""The writer of the pictures' PNGs gives the colours back."""

import struct
import zlib

import numpy as np

from tests.browser.small_png import small_png


def read(png: bytes) -> np.ndarray:
    """The pixels (height, width, 3) of a PNG as `small_png` writes it."""
    parts, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size]) == (
            zlib.crc32(name + data),
        )
        parts[name] = data
        at += 12 + size
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)
    return np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)[rows[:, 1:]]


def picture(colours: np.ndarray, width: int, height: int) -> bytes:
    alpha = np.full((len(colours), 1), 255, np.uint8)
    return np.concatenate([colours.astype(np.uint8), alpha], axis=1).tobytes()[: width * height * 4]


def test_few_colours_stay_as_they_are() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (200, 3))[np.arange(600) % 200]
    found = read(small_png(picture(colours, 30, 20), 30, 20))
    assert (found.reshape(-1, 3) == colours).all()


def test_of_many_colours_the_rare_ones_go_to_their_nearest() -> None:
    ramp = np.stack([np.arange(1000) // 4, np.arange(1000) % 4, np.full(1000, 9)], axis=1)
    found = read(small_png(picture(ramp, 50, 20), 50, 20)).reshape(-1, 3).astype(int)
    assert len(np.unique(found, axis=0)) <= 256
    often = np.concatenate([np.tile([[200, 100, 0]], (300, 1)), ramp])
    kept = read(small_png(picture(often, 65, 20), 65, 20)).reshape(-1, 3)
    assert (kept[:300] == [200, 100, 0]).all()


def test_a_rare_hue_stays_beside_a_long_ramp() -> None:
    ramp = np.stack([np.arange(1000) // 4, np.arange(1000) % 4, np.full(1000, 9)], axis=1)
    often = np.tile(ramp, (5, 1))
    rare = np.tile([[204, 121, 167]], (12, 1))
    found = read(small_png(picture(np.concatenate([rare, often]), 179, 28), 179, 28)).astype(int)
    found = found.reshape(-1, 3)
    assert (found[:12] == rare).all()
    assert np.abs(found[12:] - often[: len(found) - 12]).max() <= 8
