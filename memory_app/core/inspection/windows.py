"""A very long turn in windows of tokens: where they begin, and the states at their borders.

A window is traced like a turn of its own, from the state at its border, so what it costs in time
and memory is bounded by the window. Only its border depends on all tokens before.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from memory_app.core.cells.hold import Hold
from memory_app.core.inspection.long_trace import LONG
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

WINDOW = 2048  # tokens
# The last window takes a shorter rest in, so that all of a reply of 512 tokens lies in it.
SHORTEST = 513


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens `first` to `stop` - 1 of `total`; `number` counts from 1 to `count`."""

    number: int
    count: int
    first: int
    stop: int
    total: int


def window_count(tokens: int) -> int:
    """How many windows a turn of so many tokens is shown in; 1: it is shown whole."""
    if tokens <= LONG:
        return 1
    return max(1, -(-(tokens - SHORTEST + 1) // WINDOW))


def window(tokens: int, number: int) -> Window:
    """The window of this number, from 1.

    Raises:
        IndexError: there is no such window.
    """
    count = window_count(tokens)
    if not 1 <= number <= count:
        raise IndexError(f"There is no window {number}.")
    first = (number - 1) * WINDOW
    return Window(number, count, first, tokens if number == count else first + WINDOW, tokens)


def window_at(tokens: int, token: int) -> Window:
    """The window in which a token (from 0) lies."""
    return window(tokens, min(token // WINDOW + 1, window_count(tokens)))


class Borders:
    """The states before the windows of `ids`, fed from `state` (batch 1), as far as asked for.

    Any thread may ask. A border takes a replay of the window before it; each is computed once.
    """

    def __init__(
        self, model: LanguageModel, state: State, ids: Sequence[int], hold: Hold | None = None
    ) -> None:
        self.model, self.ids, self.hold = model, list(ids), hold
        self._states = [state]
        self._extending = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of all borders once they are computed."""
        return window_count(len(self.ids)) * self.model.config.state_bytes

    @property
    def known(self) -> int:
        """The number of the last window whose border is there."""
        return len(self._states)

    def extend(self, number: int) -> None:
        """Compute the borders up to that of window `number`, from the last known one."""
        with self._extending:
            while self.known < number:
                last = window(len(self.ids), self.known)
                ids = self.ids[last.first : last.stop]
                self._states.append(replay(self.model, self._states[-1], ids, self.hold))

    def before(self, number: int) -> State:
        """The state before the first token of window `number`."""
        self.extend(number)
        return self._states[number - 1]
