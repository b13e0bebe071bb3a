"""Token by token, what the memory would say: the values before and after a turn, within it."""

from dataclasses import dataclass

from memory_app.core.inspection.gauge import Answer
from memory_app.core.inspection.gauge_tokens import Candidate, places, token_course
from memory_app.core.inspection.gauge_value import same_value
from memory_app.core.inspection.trace_queries import AnyTrace
from memory_app.models import Turn
from memory_app.services.chat.gauge import Gauge, compute


@dataclass(frozen=True, slots=True)
class TokenCourse:
    """The values of one question in one stretch of a turn.

    at: the tokens after which it was asked, from 0 within the stretch. values: of each its words,
    its probability before the stretch, and after each of these tokens.
    """

    question: str
    at: list[int]
    values: list[tuple[str, list[float]]]


def turn_gauge(*, turn: Turn, trace: AnyTrace, questions: list[str]) -> TokenCourse:
    """The course of the first question whose answer the turn changed; of the first told one else.

    trace: that of the turn, or of a window of it. Values are those that the memory gave before the
    turn and gives after it.

    Raises:
        Skipped: replies are being generated.
        Refused: `unavailable`, as `chat_model`.
    """
    gauge = Gauge(turn.chat.checkpoint, questions)
    turns = [turn] if turn.parent is None else [turn.parent, turn]
    rows = [row or [] for row in gauge.answers(turns)]
    before = rows[0] if len(rows) > 1 else []
    chosen = _chosen(before, rows[-1]) if len(rows[-1]) == len(questions) else 0
    question = questions[chosen]
    named: dict[str, Candidate] = {}
    for row, asked in zip(rows, turns, strict=True):
        if len(row) == len(questions) and row[chosen].told:
            given = row[chosen]
            reply = gauge.reply(asked, question)[: given.stop]
            # Another wording of the value before the turn takes its place.
            named = {text: one for text, one in named.items() if not same_value(text, given.value)}
            named[given.value] = Candidate(reply, given.start)
    at = places(len(trace.ids))
    if not named:
        return TokenCourse(question, at, [])
    values = list(named.values())
    prompt = gauge.prompt(question)
    courses = compute(lambda: token_course(trace.model, trace.state, trace.ids, prompt, values, at))
    return TokenCourse(question, at, list(zip(named, courses, strict=True)))


def _chosen(before: list[Answer], after: list[Answer]) -> int:
    def value(row: list[Answer], place: int) -> str:
        return row[place].value if place < len(row) and row[place].told else ""

    numbers = range(len(after))
    changed = [
        k for k in numbers
        if value(before, k) and not same_value(value(after, k), value(before, k))
    ]  # fmt: skip
    new = [k for k in numbers if value(after, k) and not value(before, k)]
    kept = [k for k in numbers if value(after, k)]
    return next(iter([*changed, *new, *kept]), 0)
