"""Which units of a memory hold one of its answers, and what emptying them does to the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from memory_app import runtime
from memory_app.core.engine.ask import ask
from memory_app.core.inspection.empty_answer import Emptied, Unit, empty_answer, unit_effects
from memory_app.core.inspection.gauge import Answer
from memory_app.core.inspection.panel_questions import panel_questions
from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.model.state import State
from memory_app.models import Checkpoint, Turn
from memory_app.services.chat.gauge import Gauge, compute
from memory_app.services.chat.memory import chat_model, state_after


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """What a question got before the units were emptied, and what it gets after."""

    question: str
    before: Answer
    after: Answer


@dataclass(frozen=True, slots=True)
class EmptyPlan:
    """`value`: what the question is answered with; "" where the memory gives none.

    `units`: those to empty, empty where no set takes the answer away; `count`: how many units the
    memory has. `changes`: the question first, then the checkpoint's other ones.
    """

    value: str
    units: tuple[Unit, ...]
    count: int
    changes: tuple[AnswerChange, ...]


def empty_plan(*, turn: Turn, question: str) -> EmptyPlan:
    """Find the units of the memory after a turn that hold the answer to a question.

    Raises:
        Refused: `unavailable`, when the model or the state can't be used.
        Skipped: replies are being generated.
    """
    checkpoint = turn.chat.checkpoint
    usual = [each.question for each in panel_questions(checkpoint.config)]
    questions = [question, *(each for each in usual if each != question)]
    model = chat_model(sha256=checkpoint.sha256)
    state = state_after(turn=turn, checkpoint=checkpoint)
    gauge = Gauge(checkpoint, questions)
    before = gauge.answers_of([state])[0] or []
    config = model.model.config
    count = sum(config.kind.unit_count(config, layer) for layer in range(config.num_layers))
    if not before or not before[0].told:
        return EmptyPlan("", (), count, ())
    own = before[0]
    found = _search(checkpoint, model, state, gauge.prompt(question), gauge, own, question)
    if found is None:
        return EmptyPlan(own.value, (), count, ())
    after = gauge.answers_of([found.state])[0] or []
    changes = [
        AnswerChange(text, *pair) for text, *pair in zip(questions, before, after, strict=True)
    ]
    return EmptyPlan(own.value, found.units, count, tuple(changes))


def _search(
    checkpoint: Checkpoint, model: Model, state: State, prompt: list[int], gauge: Gauge,
    own: Answer, question: str,
) -> Emptied | None:  # fmt: skip
    reply = gauge.reply_of(state, question)[: own.stop]
    effects = compute(lambda: unit_effects(model.model, state, prompt, reply, own.start))

    def is_gone(states: Sequence[State]) -> list[bool]:
        asked = [(one, prompt) for one in states]
        replies = compute(
            lambda: ask(
                runtime.asking_engine(checkpoint.sha256), asked, give_way=runtime.is_replying
            )
        )
        said = [model.tokenizer.decode(ids).casefold() for ids in replies]
        return [own.value.casefold() not in text for text in said]

    return empty_answer(state, effects, is_gone)
