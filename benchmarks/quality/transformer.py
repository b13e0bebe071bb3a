"""A Transformer to compare with: the same pieces, the dialogue so far as its context.

Pre-norm decoder, rotary positions (Su et al. 2021), 4-fold GELU MLP, tied head. It answers to the
names that the LSTM answers to (`hidden`, `hidden_at`, `logits`, `blank`), so the same loss and the
same exams take it; its state is its key-value cache, which grows with the dialogue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

HEAD_WIDTH = 64


@dataclass(slots=True)
class Cache:
    """Keys and values of what was fed, one pair a layer, each [B, heads, T, head width]."""

    pairs: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    @property
    def length(self) -> int:
        return self.pairs[0][0].shape[2] if self.pairs else 0

    def detach(self) -> Cache:
        """The same without its history of gradients."""
        return Cache([(k.detach(), v.detach()) for k, v in self.pairs])


class _Block(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = width // HEAD_WIDTH, dropout
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        batch, length, width = x.shape
        qkv = self.qkv(self.before(x)).view(batch, length, 3, self.heads, HEAD_WIDTH)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (B, heads, T, head width) each
        q, k = _rotate(q, turn), _rotate(k, turn)
        mask = None
        if past is not None:
            k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
            if length > 1:
                mask = torch.ones(length, k.shape[2], dtype=torch.bool, device=x.device)
                mask = mask.tril(k.shape[2] - length)
        mixed = functional.scaled_dot_product_attention(
            q, k, v, mask, is_causal=past is None and length > 1
        )
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        x = x + functional.dropout(mixed, self.dropout, self.training)
        fed = self.down(functional.gelu(self.up(self.after(x))))
        return x + functional.dropout(fed, self.dropout, self.training), (k, v)


def _rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = turn
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


class Transformer(nn.Module):
    """`width` must be a multiple of 64."""

    def __init__(self, vocab_size: int, width: int, layers: int, dropout: float = 0.05) -> None:
        super().__init__()
        if width % HEAD_WIDTH:
            raise ValueError(f"width must be a multiple of {HEAD_WIDTH}.")
        self.dropout = dropout
        self.embedding = nn.Embedding(vocab_size, width)
        self.blocks = nn.ModuleList(_Block(width, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocab_size))
        nn.init.normal_(self.embedding.weight, std=0.02)
        for name, weight in self.named_parameters():
            if name.endswith(("qkv.weight", "up.weight")):
                nn.init.normal_(weight, std=0.02)
            elif name.endswith(("out.weight", "down.weight")):
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * layers))

    def blank(self, batch: int) -> Cache:
        """Nothing was fed yet."""
        return Cache()

    def hidden(self, ids: Tensor, state: Cache | None = None) -> tuple[Tensor, Cache]:
        """ids int64 [B, T] after what `state` holds → ([B, T, width], the cache with them)."""
        past = (state or Cache()).pairs
        start = past[0][0].shape[2] if past else 0
        place = torch.arange(start, start + ids.shape[1], device=ids.device).unsqueeze(1)
        half = HEAD_WIDTH // 2
        rate = torch.exp(torch.arange(half, device=ids.device) * (-math.log(10_000) / half))
        turn = (torch.cos(place * rate), torch.sin(place * rate))  # (T, head width / 2)
        x = functional.dropout(self.embedding(ids), self.dropout, self.training)
        pairs = []
        for index, block in enumerate(self.blocks):
            x, pair = block(x, turn, past[index] if past else None)
            pairs.append(pair)
        return self.norm(x), Cache(pairs)

    def hidden_at(self, ids: Tensor, state: Cache | None, at: Tensor) -> tuple[Tensor, Cache]:
        """`hidden` at the positions of `at`, bool [B, T], alone: ([n, width], the cache)."""
        outputs, cache = self.hidden(ids, state)
        return outputs[at], cache

    def logits(self, outputs: Tensor) -> Tensor:
        """[…, width] → […, vocab]."""
        return functional.linear(outputs, self.embedding.weight, self.bias)


def shape_for(parameters: int, vocab_size: int) -> tuple[int, int]:
    """(width, layers), 3 layers or more, that come nearest to so many parameters."""
    shapes = [(HEAD_WIDTH * heads, layers) for heads in range(1, 13) for layers in range(3, 13)]
    return min(shapes, key=lambda s: abs(vocab_size * s[0] + 12 * s[1] * s[0] ** 2 - parameters))
