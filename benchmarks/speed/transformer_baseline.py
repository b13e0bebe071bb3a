"""A GPT-style Transformer of a given number of parameters, to compare a chat's cost with."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.speed.baseline_step import draw
from memory_app.core.cells.packed_linear import PackedLinear

HEAD_WIDTH = 64


def sizes_for(parameters: int, vocab_size: int) -> tuple[int, int]:
    """(width, layers) whose vocab · d + 12 · layers · d² comes nearest to `parameters`."""
    shapes = [(64 * heads, layers) for heads in range(1, 33) for layers in range(2, 13)]
    return min(shapes, key=lambda shape: abs(count(shape, vocab_size) - parameters))


def count(shape: tuple[int, int], vocab_size: int) -> int:
    """Parameters of the tied embedding and of the layers' matrices; shape (width, layers)."""
    width, layers = shape
    return vocab_size * width + 12 * layers * width * width


class Transformer:
    """Pre-norm decoder, 4-fold GELU MLP, tied head, sinusoidal positions; random weights.

    It is given what the engine has: packed weights in the same dtype, no autograd, no dropout, a
    key-value cache within a reply, logits for the last position of a prompt alone.
    """

    def __init__(self, width: int, layers: int, vocab_size: int, dtype: torch.dtype) -> None:
        self.width, self.heads, self.dtype = width, width // HEAD_WIDTH, dtype
        self.embedding = torch.randn(vocab_size, width).mul_(0.02).to(dtype)
        self.head = PackedLinear(self.embedding, dtype)
        self.layers = [
            {
                name: PackedLinear(torch.randn(rows, columns) / math.sqrt(columns), dtype)
                for name, rows, columns in (
                    ("qkv", 3 * width, width),
                    ("out", width, width),
                    ("up", 4 * width, width),
                    ("down", width, 4 * width),
                )
            }
            for _ in range(layers)
        ]

    def _positions(self, start: int, length: int) -> Tensor:
        place = torch.arange(start, start + length).unsqueeze(1)
        rate = torch.exp(torch.arange(0, self.width, 2) * (-math.log(10_000) / self.width))
        return torch.cat((torch.sin(place * rate), torch.cos(place * rate)), dim=1).to(self.dtype)

    def _feed(self, ids: Tensor, cache: list[Tensor], start: int) -> Tensor:
        """ids [T] after `start` cached positions → logits of the last one [1, vocab]."""
        length = len(ids)
        x = self.embedding[ids] + self._positions(start, length)  # [T, width]
        for layer, kv in zip(self.layers, cache, strict=True):
            normed = functional.layer_norm(x, (self.width,))
            qkv = layer["qkv"](normed).view(length, 3, self.heads, HEAD_WIDTH)
            kv[:, :, start : start + length] = qkv[:, 1:].permute(1, 2, 0, 3)
            mixed = functional.scaled_dot_product_attention(
                qkv[:, 0].transpose(0, 1).unsqueeze(0),
                kv[0:1, :, : start + length],
                kv[1:2, :, : start + length],
                is_causal=length > 1,
            )
            x = x + layer["out"](mixed[0].transpose(0, 1).reshape(length, self.width))
            normed = functional.layer_norm(x, (self.width,))
            x = x + layer["down"](functional.gelu(layer["up"](normed)))
        return self.head(functional.layer_norm(x[-1:], (self.width,)))

    @torch.inference_mode()
    def turn(self, transcript: Tensor, reply: int) -> None:
        """Feed the whole transcript [T], then say `reply` tokens from the cache."""
        total = len(transcript) + reply
        cache = [
            torch.empty(2, self.heads, total, HEAD_WIDTH, dtype=self.dtype) for _ in self.layers
        ]
        ids = draw(self._feed(transcript, cache, 0))
        for position in range(len(transcript), total - 1):
            ids = draw(self._feed(ids, cache, position))
