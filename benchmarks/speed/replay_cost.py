"""What carried memory costs: the canonical replay, and the first token late in a long chat."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from benchmarks.speed.fixtures import END, Replies, finish
from benchmarks.speed.timing import Line, interleaved, ratio
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

PROMPT, REPLY = 20, 60  # tokens of a usual turn
SHORT_PROMPT, SHORT_REPLY = 4, 2  # a thousand of these turns are soon said


def replay_cost(replies: Replies, rounds: int) -> Iterator[Line]:
    """The canonical replay of a turn over the time that the reply itself took, alone."""
    model = replies.model
    blank, engine = State.zeros(model.config), replies.engine(1)
    ids = torch.randint(3, model.config.vocab_size, (PROMPT + REPLY + 1,)).tolist()

    def reply() -> None:
        engine.add(replies.request(PROMPT, REPLY))
        finish(engine)

    seconds = interleaved({"replay": lambda: replay(model, blank, ids), "reply": reply}, rounds)
    yield Line(
        f"canonical replay of a turn of {PROMPT} + {REPLY} tokens over the reply's own time",
        ratio(seconds["replay"], seconds["reply"]),
    )


def first_token(replies: Replies, rounds: int, turns: int = 1000) -> Iterator[Line]:
    """The time to the first token in the last of a thousand turns over that in the first."""
    model, engine = replies.model, replies.engine(1)
    first = state = State.zeros(model.config)
    for _ in range(turns - 1):
        request = replies.request(SHORT_PROMPT, SHORT_REPLY, state)
        engine.add(request)
        finish(engine)
        state = replay(model, state, [*request.prompt_ids, *request.reply_ids, END])

    def until_first(begin: State) -> Callable[[], None]:
        def run() -> None:
            request = replies.request(PROMPT, REPLY, begin)
            engine.add(request)
            while not any(output.event for output in engine.step()):
                pass
            engine.abort(request)

        return run

    # Each twice as often, in alternation: the two differ by a state of the same size.
    seconds = interleaved({"last": until_first(state), "first": until_first(first)}, rounds)
    yield Line(
        f"first-token time of turn {turns} over turn 1",
        ratio(seconds["last"], seconds["first"]),
        1.05,
        at_least=False,
    )
