"""The front page's recorded chat is what the bundled model says and remembers."""

from pathlib import Path

import pytest

from memory_app.core.engine.ask import ask
from memory_app.core.engine.core import Engine
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.inspection.gauge import Weighed, answer, weigh
from memory_app.core.inspection.gauge_value import abstention
from memory_app.core.inspection.panel_questions import panel_questions
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.recorded_chat import MODEL, QUESTIONS, TURNS

pytestmark = pytest.mark.slow
BUNDLED = Path(__file__).parents[2] / "memory_app/bundled/en"


def test_the_recorded_chat_is_the_bundled_models() -> None:
    checkpoint = load_checkpoint(BUNDLED)
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    assert checkpoint.config["name"] == MODEL
    engine = Engine(
        ModelRunner(model), end_id=tokenizer.end_id,
        banned=(tokenizer.user_id, tokenizer.bot_id), max_batch=32, slice_length=1024,
        capture_gates=False,
    )  # fmt: skip

    def prompt(text: str) -> list[int]:
        return tokenizer.prompt_ids(tokenizer.encode(text))

    blank = state = State.zeros(model.config)
    own = [prompt(each.question) for each in panel_questions(checkpoint.config)]
    opening = abstention(ask(engine, [(blank, ids) for ids in own]))
    asked = [prompt(question) for question in QUESTIONS.values()]
    for turn in TURNS:
        reply = ask(engine, [(state, prompt(turn.message))])[0]
        print(repr(tokenizer.decode(reply)))
        state = replay(model, state, tokenizer.turn_ids(tokenizer.encode(turn.message), reply))
        replies = ask(engine, [(state, ids) for ids in asked])
        weights = [
            weigh(model, [Weighed(given, *pair) for pair in zip(asked, replies, strict=True)])
            for given in (state, blank)
        ]
        answers = [answer(tokenizer, *row, opening) for row in zip(replies, *weights, strict=True)]
        found = [
            (one.value, round(one.value_probability, 2)) if one.told else None for one in answers
        ]
        print(found)
        assert tokenizer.decode(reply) == turn.reply
        assert len(found) == len(turn.answers)
        for now, recorded in zip(found, turn.answers, strict=True):
            assert (now is None) == (recorded is None)
            if now is not None and recorded is not None:
                assert now[0] == recorded[0]
                assert now[1] == pytest.approx(recorded[1], abs=0.03)  # another processor rounds
