"""A screenshot as a PNG of at most 256 colours: a third of the bytes, and to the eye the same."""

import struct
import zlib

import numpy as np

COLOURS = 256


def small_png(pixels: bytes, width: int, height: int) -> bytes:
    """RGBA rows, as a canvas gives them, in the colours of `_palette`, each the nearest."""
    rgb = np.frombuffer(pixels, np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    packed = (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]
    found, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    split = np.stack([found >> 16, (found >> 8) & 255, found & 255], axis=1)  # (colours, 3)
    palette = _palette(split, counts)
    nearest = np.concatenate(
        [
            np.abs(part[:, None] - palette[None]).sum(axis=2).argmin(axis=1)
            for part in np.array_split(split, max(1, len(split) // 4096))
        ]
    )
    rows = nearest[inverse].astype(np.uint8).reshape(height, width)
    # Each row begins with its filter; none does best for flat colours.
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _palette(colours: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The most frequent colours, half of the palette; then each time the one that is shown worst.

    By frequency alone a heatmap's many shades would leave no place for a key of another hue.
    """
    if len(colours) <= COLOURS:
        return colours
    chosen = list(np.argsort(-counts, kind="stable")[: COLOURS // 2])
    error = np.full(len(colours), np.inf)
    for place in range(COLOURS):
        if place >= len(chosen):
            chosen.append(int(np.argmax(error * counts)))
        error = np.minimum(error, ((colours - colours[chosen[place]]) ** 2).sum(axis=1))
    return colours[chosen]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
