"""Is the memory panel right? On the scripted chats, which tell six things and correct one.

python -m benchmarks.quality.gauge --checkpoint memory_app/bundled/en --n 200

After each of n turns the panel's questions are asked of a copy of the memory, and then one of them
is said in a branch of the chat, greedily, by an engine of its own: how many replies are equal.
Then the calibration of a value's probability: how often a value is the one that was told, by its
probability, with the expected calibration error over ten equal bins (Guo et al. 2017). And what
the panel of one more turn takes, in milliseconds of CPU time and over the turn's own time.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.quality.report import report_on_checkpoint
from benchmarks.quality.scripted_chats import ASKS, NEW_HOMES, VALUES, script
from memory_app.core.engine.ask import ask
from memory_app.core.engine.core import Engine
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.evaluation.recall import contains_value
from memory_app.core.inspection.gauge import Answer, Weighed, answer, weigh
from memory_app.core.inspection.gauge_value import abstention
from memory_app.core.inspection.panel_questions import panel_questions
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

SEED = 18
BINS = 10
#: The scripted chats' topics and the questions for them; told of each what was told last.
TOPICS = {topic: asks[0] for topic, asks in ASKS.items()}


class Panel:
    """The panel of one checkpoint: an engine that asks, and the model that weighs."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.engine = self.make_engine(32)
        self.blank = State.zeros(checkpoint.model.config)
        own = [panel.question for panel in panel_questions(checkpoint.config)]
        self.opening = abstention(ask(self.engine, [(self.blank, self.prompt(q)) for q in own]))
        self.questions = own

    def make_engine(self, rows: int) -> Engine:
        tokenizer = self.checkpoint.tokenizer
        return Engine(
            ModelRunner(self.checkpoint.model),
            end_id=tokenizer.end_id,
            banned=(tokenizer.user_id, tokenizer.bot_id),
            max_batch=rows,
            slice_length=1024,
            capture_gates=False,
        )

    def prompt(self, question: str) -> list[int]:
        tokenizer = self.checkpoint.tokenizer
        return tokenizer.prompt_ids(tokenizer.encode(question))

    def read(self, state: State, questions: Sequence[str]) -> list[Answer]:
        """The answers of one memory."""
        prompts = [self.prompt(question) for question in questions]
        replies = ask(self.engine, [(state, prompt) for prompt in prompts])
        rows = [
            Weighed(memory, prompt, reply)
            for memory in (state, self.blank)
            for prompt, reply in zip(prompts, replies, strict=True)
        ]
        weights = weigh(self.checkpoint.model, rows)
        own, blank = weights[: len(prompts)], weights[len(prompts) :]
        tokenizer = self.checkpoint.tokenizer
        return [
            answer(tokenizer, *each, self.opening) for each in zip(replies, own, blank, strict=True)
        ]


def calibration(pairs: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """ECE and the bins that have a member: of each its count, mean probability and share right."""
    bins = []
    error = 0.0
    for low in range(BINS):
        inside = [pair for pair in pairs if min(int(pair[0] * BINS), BINS - 1) == low]
        if not inside:
            continue
        mean = statistics.fmean(p for p, _ in inside)
        right = statistics.fmean(ok for _, ok in inside)
        error += abs(mean - right) * len(inside) / len(pairs)
        bins.append({"n": len(inside), "probability": round(mean, 3), "right": round(right, 3)})
    return {"n": len(pairs), "ece": round(error, 4), "bins": bins}


def figures(checkpoint: Checkpoint, n: int) -> dict[str, Any]:
    """The figures over n turns."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    panel, alone = Panel(checkpoint), Panel(checkpoint).make_engine(1)
    rng = random.Random(SEED)
    equal, pairs, refused, spent, spoken = 0, [], [], [], []
    turns = 0
    while turns < n:
        state = model.blank(1)
        told: dict[str, str] = {}
        for line in script(rng):
            if turns == n:
                break
            turns += 1
            began = time.process_time()
            (reply,) = ask(alone, [(state, panel.prompt(line.said))])
            ids = tokenizer.turn_ids(tokenizer.encode(line.said), reply)
            state = replay(model, state, ids)
            spoken.append(time.process_time() - began)
            if not line.topic:
                told |= _told(line.said)
            began = time.process_time()
            panel.read(state, panel.questions)
            spent.append(time.process_time() - began)
            questions = list(TOPICS.values())
            answers = panel.read(state, questions)
            said = rng.randrange(len(questions))
            (reply,) = ask(alone, [(state, panel.prompt(questions[said]))])
            equal += tokenizer.decode(reply) == answers[said].text
            for topic, given in zip(TOPICS, answers, strict=True):
                if topic not in told:
                    refused.append(not given.told)
                elif given.told:
                    right = contains_value(given.value, told[topic])
                    pairs.append((given.value_probability, right))
            sys.stderr.write(f"\r{turns}/{n}")
    sys.stderr.write("\n")
    return {
        "turns": n,
        "equal": equal,
        "calibration": calibration(pairs),
        "not_told_where_nothing_was": round(statistics.fmean(refused), 4),
        "panel_ms": round(1000 * statistics.median(spent)),
        "panel_over_turn": round(
            statistics.median(a / b for a, b in zip(spent, spoken, strict=True)), 2
        ),
    }


def _told(said: str) -> dict[str, str]:
    """What a scripted message tells, by topic."""
    values = VALUES | {"home": (*VALUES["home"], *NEW_HOMES)}
    return {
        topic: value
        for topic, known in values.items()
        for value in known
        if contains_value(said, value)
    }


def main() -> None:
    """Read the command line."""
    report_on_checkpoint("gauge", figures)


if __name__ == "__main__":
    main()
