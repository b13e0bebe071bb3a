"""One reply as the engine sees it: ids in, ids out, and where it stands."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from memory_app.core.cells.hold import Hold
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling

FinishReason = Literal["end", "stopped", "length", "loop", "failed"]


class Status(Enum):
    """Where a request stands; only the scheduler changes it."""

    PREFILL = "prefill"  # its prompt is being fed, or waits for its turn
    RUNNING = "running"  # a token a step
    HELD = "held"  # decoded by itself, outside of the batch
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """One token of R, sent once it has been fed, so that its gates are its own.

    logprob is natural, at temperature 1, before any cut; gates holds of each layer the means of the
    cell's strip gates (of an lstm [i, f, o]).
    """

    token_id: int
    logprob: float
    gates: list[list[float]]


@dataclass(slots=True, eq=False)
class Request:
    """A prompt, the state (batch 1) to feed it from, and the settings of the reply.

    `group` names a person and `address` where they are, if those who are there share an account of
    the scheduler's (shares.py); without a group it has an account of its own.

    Raises:
        ValueError: an empty prompt, negative ids, or a state of another batch size.
    """

    id: int
    prompt_ids: list[int]
    state: State
    sampling: Sampling
    group: Hashable = None
    address: Hashable = None
    hold: Hold | None = None  # gates that are held meanwhile: decoded by itself
    adapter: Adapter | None = None  # long-term memory that the reply is spoken with
    status: Status = field(default=Status.PREFILL, init=False)
    row: int = field(default=-1, init=False)  # in the pool of the running
    fed: int = field(default=0, init=False)  # prompt tokens fed so far
    fed_state: State = field(init=False)  # after them
    passed_over: int = field(default=0, init=False)  # steps since its prompt was last fed
    ahead: int = field(default=0, init=False)  # requests before it, at the last slice
    reply_ids: list[int] = field(default_factory=list, init=False)  # sampled so far
    logprob: float = field(default=0.0, init=False)  # of the last sampled token
    # Why the reply ends, once its last token has been fed for its gates.
    closing: FinishReason | None = field(default=None, init=False)
    finish_reason: FinishReason | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.prompt_ids:
            raise ValueError("A prompt needs at least one token id.")
        if min(self.prompt_ids) < 0:
            raise ValueError("A token id is never negative.")
        if self.state.batch != 1:
            raise ValueError("A request goes on from one state, of batch 1.")
        self.fed_state = self.state

    @property
    def account(self) -> tuple[Hashable, Hashable]:
        """Of the address, or of the person alone; and the person's within it."""
        person = self if self.group is None else ("person", self.group)
        return person if self.address is None else ("address", self.address), person

    @property
    def prefill_left(self) -> int:
        """Prompt tokens to feed before the last one, which the first decode step feeds."""
        return len(self.prompt_ids) - 1 - self.fed

    @property
    def is_new(self) -> bool:
        """Whether its first token has not been put out: that follows the second sampling."""
        return len(self.reply_ids) < 2


@dataclass(frozen=True, slots=True)
class Output:
    """What a step did for one request: a token, an end, or both (the token comes first)."""

    request: Request
    event: TokenEvent | None = None
    finish_reason: FinishReason | None = None

    def __post_init__(self) -> None:
        if self.event is None and self.finish_reason is None:
            raise ValueError("An output says something.")
