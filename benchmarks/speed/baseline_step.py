"""The same work without an engine: what the ratios are taken against."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.model.model import LanguageModel


def draw(logits: Tensor) -> Tensor:
    """The least that a sampler does: softmax, cumulative sum, search. [n, vocab] → [n]."""
    cumulative = torch.softmax(logits.float(), dim=1).cumsum(dim=1)
    target = torch.rand(len(logits), 1) * cumulative[:, -1:]
    return torch.searchsorted(cumulative, target)[:, 0].clamp_(max=logits.shape[1] - 1)


def torch_step(model: LanguageModel, dtype: torch.dtype, n: int) -> Callable[[], None]:
    """A step of n rows in plain torch: one fused GEMM a layer in `dtype`, the cell in float32."""
    config = model.config
    embedding = model.embedding.weight.to(dtype)
    head = model.head.weight.to(dtype)
    projection = model.projection.weight.to(dtype) if config.has_projection else None
    weights, biases = [], []
    for layer in range(config.num_layers):
        w_ih, w_hh, b_ih, b_hh = model.layers.gate_weights(layer)
        weights.append(torch.cat((w_ih, w_hh), dim=1).to(dtype))
        biases.append(b_ih + b_hh)
    h = [torch.zeros(n, config.hidden_size, dtype=dtype) for _ in weights]
    c = [torch.zeros(n, config.hidden_size) for _ in weights]
    ids = torch.full((n,), 5)

    @torch.inference_mode()
    def step() -> None:
        nonlocal ids
        x = embedding[ids]
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            pre = functional.linear(torch.cat((x, h[layer]), dim=1), weight).float() + bias
            i, f, g, o = pre.chunk(4, dim=1)
            c[layer] = f.sigmoid() * c[layer] + i.sigmoid() * g.tanh()
            h[layer] = x = (o.sigmoid() * c[layer].tanh()).to(dtype)
        if projection is not None:
            x = functional.linear(x, projection)
        ids = draw(functional.linear(x, head).float() + model.head.bias)

    return step


def runner_step(runner: ModelRunner, n: int) -> Callable[[], None]:
    """The engine's own arithmetic for n rows, with no requests, settings, gates or events."""
    pool, ids = runner.pool(n), torch.full((n,), 5)

    @torch.inference_mode()
    def step() -> None:
        nonlocal ids
        ids = draw(runner.logits(runner.advance(pool, ids)))

    return step


def lstm_reply(model: LanguageModel, tokens: int) -> Callable[[], None]:
    """One reply by torch.nn.LSTM, a token at a time, float32, batch 1, oneDNN off.

    oneDNN's recurrent layer sets itself up anew at every call and is several times slower here.
    """

    @torch.inference_mode()
    def reply() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the switch warns of a GPU that is not meant
            with torch.backends.mkldnn.flags(enabled=False):
                state, ids = None, torch.full((1, 1), 5)
                for _ in range(tokens):
                    logits, state = model(ids, state)
                    ids = draw(logits[:, 0]).unsqueeze(1)

    return reply
