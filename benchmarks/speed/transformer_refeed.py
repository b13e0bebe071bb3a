"""A turn's cost beside a Transformer that feeds its chat again at every turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from benchmarks.speed.fixtures import END, Replies, finish
from benchmarks.speed.replay_cost import PROMPT, REPLY
from benchmarks.speed.timing import Line, interleaved, ratio
from benchmarks.speed.transformer_baseline import Transformer, sizes_for
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

CONTROL = 4  # <|user|> … <|end|> <|bot|> … <|end|>
LONG_PROMPT, LONG_REPLY = 40, 120
TURNS = (1, 10, 20, 40)


def turn_cost(replies: Replies, rounds: int) -> Iterator[Line]:
    """The Transformer's turn over ours, canonical replay included, at four ages of a chat.

    The shorter the turns, the less there is to feed again: turn 20 is taken for both sizes.
    """
    yield from _turn_cost(replies, rounds, LONG_PROMPT, LONG_REPLY, TURNS, goal=8.0)
    yield from _turn_cost(replies, rounds, PROMPT, REPLY, (20,), goal=None)


def _turn_cost(
    replies: Replies, rounds: int, prompt: int, reply: int, turns: Sequence[int], goal: float | None
) -> Iterator[Line]:
    model = replies.model
    parameters = sum(parameter.numel() for parameter in set(model.parameters()))
    width, layers = sizes_for(parameters, model.config.vocab_size)
    transformer = Transformer(width, layers, model.config.vocab_size, replies.runner.dtype)
    engine, blank = replies.engine(1), State.zeros(model.config)

    def ours() -> None:
        request = replies.request(prompt + CONTROL - 1, reply, blank)
        engine.add(request)
        finish(engine)
        replay(model, blank, [*request.prompt_ids, *request.reply_ids, END])

    def theirs(turn: int) -> Callable[[], None]:
        length = (turn - 1) * (prompt + reply + CONTROL) + prompt + CONTROL - 1
        transcript = torch.randint(3, model.config.vocab_size, (length,))
        return lambda: transformer.turn(transcript, reply)

    # Our turn costs the same at every age, since it feeds the same tokens from a state.
    runs = {"ours": ours, **{str(turn): theirs(turn) for turn in turns}}
    # A turn of seconds warms itself up.
    seconds = interleaved(runs, rounds, warm_up=False)
    for turn in turns:
        yield Line(
            f"turn {turn} of {prompt} + {reply} tokens, "
            f"a re-feeding Transformer ({layers} x {width}) over ours",
            ratio(seconds[str(turn)], seconds["ours"]),
            goal if turn == 20 else None,
        )
