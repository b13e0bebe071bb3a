"""A state's memory as a PNG: the preview of a public link, drawn without a browser or a font.

The same picture as in the memory panel: a square per unit on a diverging ramp through the page's
ground, on a robust scale (the 99th percentile of the absolute values, so that one outlier doesn't
set it; larger values have the last colour).
"""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np

from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State

WIDTH, HEIGHT = 1200, 630
_MARGIN, _GAP = 48, 32
# The most layers that are drawn in one column.
_STACKED = 3
# Ground, cell state c, and below zero, as in static/css/tokens.css.
_GROUND, _ABOVE, _BELOW = (252, 252, 251), (230, 159, 0), (77, 86, 102)
_PERCENTILE = 99


def memory_grids(state: State, config: ModelConfig, shape: float = 2.0) -> list[np.ndarray]:
    """Of each layer its memory as float32 [rows, columns]; heads of a matrix side by side.

    A vector is about `shape` times as wide as high; squares without a unit are NaN.
    """
    grids = []
    for layer, parts in enumerate(state.layers):
        values = parts[config.memory_of(layer).part][0].detach().numpy()
        if values.ndim == 3:  # [heads, rows, columns]
            grids.append(np.concatenate(list(values), axis=1))
            continue
        flat = values.reshape(-1)
        columns = min(flat.size, math.ceil(math.sqrt(shape * flat.size)))
        grid = np.full(math.ceil(flat.size / columns) * columns, np.nan, np.float32)
        grid[: flat.size] = flat
        grids.append(grid.reshape(-1, columns))
    return grids


def robust_scale(values: np.ndarray) -> float:
    """The 99th percentile of the absolute values; 1 for a blank memory."""
    return float(np.nanpercentile(np.abs(values), _PERCENTILE)) or 1.0


def state_picture(state: State, config: ModelConfig) -> bytes:
    """A PNG of 1200 x 630 pixels of all layers' memories on one scale."""
    # One below the other while there are few.
    columns = 1 if len(state.layers) <= _STACKED else math.ceil(math.sqrt(len(state.layers)))
    rows = math.ceil(len(state.layers) / columns)
    wide = (WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    high = (HEIGHT - 2 * _MARGIN - (rows - 1) * _GAP) // rows
    grids = memory_grids(state, config, wide / high)
    scale = robust_scale(np.concatenate([grid.ravel() for grid in grids]))
    pixels = np.full((HEIGHT, WIDTH), 128, np.uint8)
    for at, grid in enumerate(grids):
        top = _MARGIN + at // columns * (high + _GAP)
        left = _MARGIN + at % columns * (wide + _GAP)
        _place(pixels, _levels(grid, scale), top, left, high, wide)
    return _png(pixels)


def _levels(grid: np.ndarray, scale: float) -> np.ndarray:
    """Indices into the palette: 1 is -scale, 128 is 0, 255 is +scale."""
    share = np.clip(np.nan_to_num(grid) / scale, -1, 1)
    return (128 + np.rint(127 * share)).astype(np.uint8)


def _place(
    pixels: np.ndarray, levels: np.ndarray, top: int, left: int, high: int, wide: int
) -> None:
    """Draw squares of whole pixels in the middle of a box; a grid too large for it is sampled."""
    rows, columns = levels.shape
    side = min(high / rows, wide / columns)
    side = math.floor(side) if side >= 1 else side
    tall, broad = int(rows * side), int(columns * side)
    y = (np.arange(tall) / side).astype(int)
    x = (np.arange(broad) / side).astype(int)
    top, left = top + (high - tall) // 2, left + (wide - broad) // 2
    pixels[top : top + tall, left : left + broad] = levels[np.ix_(y, x)]


def _palette() -> bytes:
    """256 colours from below zero through the ground to above it."""
    share = (np.arange(256)[:, None] - 128) / 127
    ground = np.array(_GROUND)
    toward = np.where(share < 0, np.array(_BELOW), np.array(_ABOVE))
    colours = ground + (toward - ground) * np.minimum(1, np.abs(share))
    return np.rint(colours).astype(np.uint8).tobytes()


def _png(pixels: np.ndarray) -> bytes:
    """An indexed PNG; each row begins with its filter, none."""
    height, width = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", _palette()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
