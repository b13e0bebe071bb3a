"""Does the tour's every step come true? Its messages with sampled replies, n times.

python -m benchmarks.quality.tour --checkpoint memory_app/bundled/en --n 10

The steps and their messages are those of memory_app/tour.py, the claims those of the page: what the
panel would say after each, where the answer came from, what is said once the first message is
forgotten, and the name again after the blend. Prints how often each claim held, of n.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.attribution import value_token
from benchmarks.quality.gauge import Panel
from benchmarks.quality.report import print_result
from memory_app import tour
from memory_app.core.evaluation.decode_sampled import sampled_ids, seeded
from memory_app.core.evaluation.recall import abstains, contains_value
from memory_app.core.inspection.sources import read_layers, sources
from memory_app.core.inspection.state_edits import blended
from memory_app.core.inspection.trace_queries import trace_of
from memory_app.core.inspection.turn_writes import TurnWrites, turn_writes
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.model.replay import configure_process, replay
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling

SEED = 1802
SURE = 0.5  # as the panel has it: below it a value is shown as unsure


class Walk:
    """One walk through the tour: what was said, and the memory after each step."""

    def __init__(self, checkpoint: Checkpoint, panel: Panel, seed: int) -> None:
        self.checkpoint, self.panel, self.seed = checkpoint, panel, seed
        self.states: dict[str, State] = {}
        self.turns: dict[str, tuple[list[int], list[int]]] = {}
        self.state = State.zeros(checkpoint.model.config)

    def say(self, step: str) -> str:
        """Send a message, and go on from the memory after its sampled reply."""
        tokenizer = self.checkpoint.tokenizer
        text = tokenizer.encode(tour.MESSAGES[step])
        self.seed += 1
        settings = seeded(Sampling(), self.seed, 1)
        prompt = tokenizer.prompt_ids(text)
        (reply,) = sampled_ids(self.checkpoint.model, tokenizer, [prompt], settings, self.state)
        self.turns[step] = (text, reply)
        self.feed(step)
        return tokenizer.decode(reply)

    def feed(self, step: str) -> None:
        """The memory after a turn that was said, from the present one."""
        ids = self.checkpoint.tokenizer.turn_ids(*self.turns[step])
        self.state = replay(self.checkpoint.model, self.state, ids)
        self.states[step] = self.state

    def shows(self, name: str | None, *home: str) -> bool:
        """Whether the panel would show this name (None: not told), and this home where given."""
        asked = (tour.ASKED_NAME, tour.ASKED_HOME)[: 1 + len(home)]
        found = self.panel.read(self.state, asked)
        shown = [
            each.value if each.told and each.value_probability >= SURE else None for each in found
        ]
        return shown == [name, *home]

    def strongest(self, step: str, value: str) -> str:
        """The earlier step whose words the value in this step's reply was read from most."""
        model, tokenizer = self.checkpoint.model, self.checkpoint.tokenizer
        layers, state, earlier = read_layers(model), State.zeros(model.config), []
        before = list(self.turns)[: list(self.turns).index(step)]
        for each in before:
            trace = trace_of(model, state, tokenizer.turn_ids(*self.turns[each]))
            earlier.append(turn_writes(trace, layers)[1])
            state = self.states[each]
        text, reply = self.turns[step]
        place = value_token(self.checkpoint, reply, value)
        if place is None:
            return ""
        trace = trace_of(model, state, tokenizer.turn_ids(text, reply))
        position = len(tokenizer.prompt_ids(text)) + place
        found = sources(list[TurnWrites](earlier), State.zeros(model.config), trace, position)
        most = {each: max(row) for each, row in zip(before, found.shares(), strict=False)}
        return max(most, key=lambda each: most[each])


def walk(checkpoint: Checkpoint, panel: Panel, seed: int) -> dict[str, bool]:
    """Which claims of the tour held, by step."""
    run = Walk(checkpoint, panel, seed)
    held: dict[str, bool] = {}
    run.say("told")
    held["told"] = run.shows(tour.NAME, tour.HOME)
    run.say("talked")
    held["talked"] = run.shows(tour.NAME, tour.HOME)
    held["asked"] = contains_value(run.say("asked"), tour.HOME)
    held["traced"] = run.strongest("asked", tour.HOME) == "told"
    run.say("corrected")
    held["corrected"] = held["forked"] = run.shows(tour.NAME, tour.MOVED)
    old = run.states["told"]
    run.state = State.zeros(checkpoint.model.config)
    for step in ("talked", "asked", "corrected"):
        run.feed(step)
    held["forgotten"] = run.shows(None, tour.MOVED)
    reply = run.say("unknown")
    held["unknown"] = abstains(reply) and run.shows(None, tour.MOVED)
    config = checkpoint.model.config
    run.state = blended(run.state, old, tour.places(config.layer_parts), tour.BLENDED, config)
    held["blended"] = run.shows(tour.NAME, tour.HOME)
    return held


def measure(checkpoint: Checkpoint, n: int) -> dict[str, object]:
    """How often each claim held, how often all of them did, and the seeds where one didn't."""
    configure_process()
    panel = Panel(checkpoint)
    walks = [walk(checkpoint, panel, SEED + 100 * k) for k in range(n)]
    return {
        "n": n,
        "all": sum(all(held.values()) for held in walks),
        "steps": {step: sum(held[step] for held in walks) for step in walks[0]},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.tour", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--n", type=int, default=10)
    options = parser.parse_args(arguments)
    figures = measure(load_checkpoint(options.checkpoint), options.n)
    print_result(figures)


if __name__ == "__main__":
    main()
