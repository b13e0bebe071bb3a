"""What a gate view costs the server: the first map of a long turn, against the replay of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from benchmarks.speed.fixtures import Replies, random_model
from benchmarks.speed.timing import Line, interleaved, ratio
from memory_app.core.inspection.gate_map import gate_map, saturation, unit_figures
from memory_app.core.inspection.next_token import alternatives
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

TOKENS, SIZE, LAYERS = 500, 1024, 3


def opening(replies: Replies, rounds: int) -> Iterator[Line]:
    """A turn of 500 tokens on 3 x 1024, whatever the model of the other sections is."""
    del replies
    model = random_model(size=SIZE, layers=LAYERS)
    blank = State.zeros(model.config)
    ids = torch.randint(3, model.config.vocab_size, (TOKENS,)).tolist()

    def drawn(trace: LayeredTrace, layer: int) -> bytes:
        found = trace.layer(layer)
        saturation(found)
        return gate_map(found, "f").to_safetensors(unit_figures(found), {})

    def first_map() -> bytes:
        return drawn(LayeredTrace(model, blank, ids), 0)

    def whole() -> None:
        trace = LayeredTrace(model, blank, ids)
        for layer in range(LAYERS):
            drawn(trace, layer)

    kept = LayeredTrace(model, blank, ids)
    kept.compute()

    runs: dict[str, Callable[[], object]] = {
        "replay": lambda: replay(model, blank, ids),
        "first map": first_map,
        "every layer": whole,
        "another gate": lambda: drawn(kept, 2),
        "alternatives": lambda: alternatives(kept, TOKENS - 1),
    }
    seconds = interleaved(runs, rounds)
    what = f"of a gate view of {TOKENS} tokens on {LAYERS} x {SIZE} over the canonical replay alone"
    yield Line(
        f"the first map {what}",
        ratio(seconds["first map"], seconds["replay"]),
        1.0,
        at_least=False,
    )
    yield Line(f"a map of every layer {what}", ratio(seconds["every layer"], seconds["replay"]))
    yield Line(f"another gate {what}", ratio(seconds["another gate"], seconds["replay"]))
    yield Line(f"a token's alternatives {what}", ratio(seconds["alternatives"], seconds["replay"]))
