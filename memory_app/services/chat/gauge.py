"""What each memory of a chat would say to a few questions, asked of copies of its states.

Kept in this process by the state's hash and the question, and never stored. A computation is
skipped while replies are generated: it is never queued behind them, nor they behind it.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from memory_app import limits, runtime
from memory_app.core.engine.ask import GaveWay, ask
from memory_app.core.inspection.gauge import Answer, Weighed, answer, product, weigh
from memory_app.core.inspection.gauge_value import abstention, same_value
from memory_app.core.inspection.panel_questions import panel_questions
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.state import State
from memory_app.models import Checkpoint, Turn
from memory_app.refusal import Refused
from memory_app.services.chat.memory import chat_model, state_after

log = logging.getLogger(__name__)
_T = TypeVar("_T")
#: Values of one question whose course is followed: the newest ones.
MOST_VALUES = 4
#: What the reply to a question is charged as, in tokens.
REPLY_TOKENS = 16
#: The hash that stands for the blank memory.
BLANK = ""
# Replies and their weights: a few hundred bytes each, a few hundred for a long chat.
_KEPT = 16_384
_kept: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.Lock()
_working = threading.Lock()


class Skipped(Exception):
    """Not computed now, because the processor is needed for replies, or for another panel."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a question got, and its probability after each turn (None: not known).

    text: its newest wording; wordings: all of them, the oldest first.
    """

    text: str
    probabilities: list[float | None]
    wordings: list[str]


@dataclass(slots=True)
class _Named:
    """A value while its course is read: how its newest wording is replied, and where in that."""

    wordings: list[str]
    ids: tuple[int, ...]
    span: slice


class Gauge:
    """The questions and the turns of one reading, all on one checkpoint."""

    def __init__(self, checkpoint: Checkpoint, questions: Sequence[str]) -> None:
        self.checkpoint = checkpoint
        self.questions = list(questions)
        self._model = chat_model(sha256=checkpoint.sha256)
        self._states: dict[str, State] = {BLANK: State.zeros(self._model.model.config)}
        self._damaged: set[str] = set()
        self._turns: dict[str, Turn] = {}

    def answers(self, turns: Sequence[Turn]) -> list[list[Answer] | None]:
        """Of each turn the answers of its memory, in the order of the questions.

        None for a turn whose state can't be restored.

        Raises:
            Skipped: something is not known yet, and replies are being generated.
        """
        self._turns |= {_hash(turn): turn for turn in turns}
        return self._answers([_hash(turn) for turn in turns])

    def answers_of(self, states: Sequence[State]) -> list[list[Answer] | None]:
        """The same of states that no turn has.

        Raises:
            Skipped: as `answers`.
        """
        hashes = [state.sha256() for state in states]
        self._states |= dict(zip(hashes, states, strict=True))
        return self._answers(hashes)

    def _answers(self, keys: Sequence[str]) -> list[list[Answer] | None]:
        own = [panel.question for panel in panel_questions(self.checkpoint.config)]
        asked = [(key, question) for key in keys for question in self.questions]
        self._ask(asked + [(BLANK, question) for question in own])
        replies = {pair: ids for pair in asked if (ids := self._reply(*pair)) is not None}
        self._weigh(
            [(state, question, ids) for (state, question), ids in replies.items()]
            + [(BLANK, question, ids) for (_, question), ids in replies.items()]
        )
        first = [self._reply(BLANK, question) for question in own]
        opening = abstention([ids for ids in first if ids is not None])
        found: list[list[Answer] | None] = []
        for key in keys:
            row = [
                self._answer(key, question, ids, opening)
                for question in self.questions
                if (ids := replies.get((key, question))) is not None
            ]
            found.append(row if len(row) == len(self.questions) else None)
        return found

    def course(self, turns: Sequence[Turn]) -> list[list[Value]]:
        """Of each question the values that it got after these turns, the oldest first.

        Wordings of the same value (`same_value`) are one value. Its probability is that of its
        newest wording, after the words that stood before it in the reply that it was last found in.

        Raises:
            Skipped: as `answers`.
        """
        rows = self.answers(turns)
        named = [
            self._named(turns, rows, place)[-MOST_VALUES:] for place in range(len(self.questions))
        ]
        self._weigh(
            (_hash(turn), question, value.ids)
            for question, values in zip(self.questions, named, strict=True)
            for value in values
            for turn in turns
        )
        return [
            [self._course_of(turns, question, value) for value in values]
            for question, values in zip(self.questions, named, strict=True)
        ]

    def _named(
        self, turns: Sequence[Turn], rows: Sequence[list[Answer] | None], place: int
    ) -> list[_Named]:
        values: list[_Named] = []
        for turn, row in zip(turns, rows, strict=True):
            if row is None or not row[place].told:
                continue
            given = row[place]
            ids = self._reply(_hash(turn), self.questions[place])
            assert ids is not None
            value = next((one for one in values if same_value(one.wordings[-1], given.value)), None)
            if value is None:
                value = _Named([], (), slice(0))
                values.append(value)
            if given.value in value.wordings:
                value.wordings.remove(given.value)
            value.wordings.append(given.value)
            value.ids, value.span = ids[: given.stop], slice(given.start, given.stop)
        return values

    def _course_of(self, turns: Sequence[Turn], question: str, value: _Named) -> Value:
        weights = [self._weight(_hash(turn), question, value.ids) for turn in turns]
        found = [None if own is None else product(own[value.span]) for own in weights]
        return Value(value.wordings[-1], found, value.wordings)

    def from_weights(self, adapter: Adapter) -> list[Answer]:
        """What a blank memory answers when it is spoken with this adapter.

        Raises:
            Skipped: as `answers`.
        """
        sha256, model = self.checkpoint.sha256, self._model.model
        blank = self._states[BLANK]
        keys = [("weights", sha256, adapter.sha256, question) for question in self.questions]
        if any(_recall(key) is None for key in keys):
            prompts = [self.prompt(question) for question in self.questions]

            def asked() -> list[Answer]:
                replies = ask(
                    runtime.asking_engine(sha256),
                    [(blank, prompt) for prompt in prompts],
                    give_way=runtime.is_replying,
                    adapters=[adapter] * len(prompts),
                )
                said = [
                    Weighed(blank, prompt, ids)
                    for prompt, ids in zip(prompts, replies, strict=True)
                ]
                weights = zip(replies, weigh(model, said, adapter), weigh(model, said), strict=True)
                return [answer(self._model.tokenizer, *own) for own in weights]

            for key, given in zip(keys, compute(asked), strict=True):
                _keep(key, given)
        return [_recall(key) for key in keys]

    def reply(self, turn: Turn, question: str) -> tuple[int, ...]:
        """The ids of a reply that `answers` has asked for."""
        return self._reply(_hash(turn), question) or ()

    def reply_of(self, state: State, question: str) -> tuple[int, ...]:
        """The same of a state that `answers_of` has asked."""
        return self._reply(state.sha256(), question) or ()

    def prompt(self, question: str) -> list[int]:
        """A question as it is fed."""
        return self._model.tokenizer.prompt_ids(self._model.tokenizer.encode(question))

    def _answer(
        self, state: str, question: str, ids: tuple[int, ...], opening: Sequence[int]
    ) -> Answer:
        own, blank = (self._weight(key, question, ids) for key in (state, BLANK))
        assert own is not None
        assert blank is not None
        return answer(self._model.tokenizer, ids, own, blank, opening)

    # What is kept, and what isn't yet.

    def _reply(self, state: str, question: str) -> tuple[int, ...] | None:
        return _recall(("reply", self.checkpoint.sha256, state, question))

    def _weight(self, state: str, question: str, ids: tuple[int, ...]) -> tuple[float, ...] | None:
        return _recall(("weight", self.checkpoint.sha256, state, question, ids))

    def _ask(self, pairs: Iterable[tuple[str, str]]) -> None:
        missing = [pair for pair in dict.fromkeys(pairs) if self._reply(*pair) is None]
        ready = [pair for pair in missing if self._state(pair[0]) is not None]
        sha256 = self.checkpoint.sha256
        asked = [(self._states[state], self.prompt(question)) for state, question in ready]
        if not asked:
            return
        # A reply has some tens of tokens; what it had isn't known before it is asked for.
        limits.pay("inspections", sum(len(prompt) + REPLY_TOKENS for _, prompt in asked))
        replies = compute(
            lambda: ask(runtime.asking_engine(sha256), asked, give_way=runtime.is_replying)
        )
        for (state, question), ids in zip(ready, replies, strict=True):
            _keep(("reply", sha256, state, question), tuple(ids))

    def _weigh(self, wanted: Iterable[tuple[str, str, tuple[int, ...]]]) -> None:
        missing = [key for key in dict.fromkeys(wanted) if self._weight(*key) is None]
        ready = [key for key in missing if self._state(key[0]) is not None]
        model = self._model.model
        replies = [
            Weighed(self._states[state], self.prompt(question), ids)
            for state, question, ids in ready
        ]
        if not replies:
            return
        limits.pay(
            "inspections", sum(len(reply.prompt_ids) + len(reply.reply_ids) for reply in replies)
        )
        weights = compute(lambda: weigh(model, replies))
        for (state, question, ids), own in zip(ready, weights, strict=True):
            _keep(("weight", self.checkpoint.sha256, state, question, ids), tuple(own))

    def _state(self, key: str) -> State | None:
        if key not in self._states and key not in self._damaged:
            try:
                self._states[key] = state_after(turn=self._turns[key], checkpoint=self.checkpoint)
            except Refused:
                self._damaged.add(key)
        return self._states.get(key)


def _hash(turn: Turn) -> str:
    return str(turn.state_sha256)


def compute(call: Callable[[], _T]) -> _T:
    """Compute in the thread of its own, if nothing more urgent is going on.

    Raises:
        Skipped: a reply is generated, or another reading is computed.
    """
    if runtime.is_replying() or not _working.acquire(blocking=False):
        raise Skipped
    try:
        return runtime.compute_aside(call, queue="gauge").result()
    except (GaveWay, RuntimeError) as fault:
        if not isinstance(fault, GaveWay):
            log.exception("the memory's answers couldn't be computed")
        raise Skipped from fault
    finally:
        _working.release()


def _recall(key: Hashable) -> Any:
    with _lock:
        if key not in _kept:
            return None
        _kept.move_to_end(key)
        return _kept[key]


def _keep(key: Hashable, value: object) -> None:
    with _lock:
        _kept[key] = value
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
