"""Who is served in the next step. Only this file changes a request's status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from memory_app.core.engine.request import FinishReason, Request, Status
from memory_app.core.engine.shares import Shares

# A fed position costs about as much as this many extra rows in it: the weights are read once for
# all rows of a position.
POSITION_COST = 2
# So many steps the oldest prompt may be passed over in favour of shorter ones.
PATIENCE = 4
# One row in this number is kept for those who have none yet.
KEPT = 8


class EngineFull(RuntimeError):
    """Too many requests wait already; ask again later."""


class Scheduler:
    """Two places: `prefilling` in order of arrival, and `running`, whose index is the row.

    A leaver's row is taken by the last one, so that a batched step works on the first n rows in
    place. Prompts are read in slices between decode steps, and those of the next slice are chosen
    anew each time:

    - Addresses share what is fed alike, and so do the persons of one address (shares.py): many
      messages of one person delay another's no more than one does. Within a person the shortest
      prompt comes first.
    - Short prompts (no more than a slice) that follow one another are fed side by side.
    - A long prompt pauses while a running reply has not put out its first token yet, unless that
      reply's account is ahead of its own.
    - The oldest prompt gets a slice at least every `PATIENCE` + 1 steps, whatever else arrives.
    - Of the rows one in `KEPT` is for persons without a running reply, half of those for addresses
      without one.

    `slice_length` is the number of positions that one row is fed between two decode steps.
    """

    def __init__(self, max_batch: int, max_waiting: int, slice_length: int) -> None:
        if min(max_batch, max_waiting, slice_length) < 1:
            raise ValueError("An engine needs room for at least one request.")
        self.max_batch = max_batch
        self.max_waiting = max_waiting
        self.slice_length = slice_length
        self.prefilling: list[Request] = []
        self.running: list[Request] = []
        self.held: list[Request] = []
        self._budget = 0
        self._kept = max_batch // KEPT
        self._shares = Shares()
        self._held_shares = Shares()

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.prefilling or self.running or self.held)

    def add(self, request: Request) -> None:
        """Queue a request.

        Raises:
            EngineFull: as many as may wait do so already.
        """
        if len(self.prefilling) + len(self.held) >= self.max_waiting:
            raise EngineFull("Too many replies wait for the model.")
        if request.hold is not None:
            request.status = Status.HELD
            self.held.append(request)
            self._held_shares.join(request)
            return
        request.status = Status.PREFILL
        self.prefilling.append(request)
        self._shares.join(request)

    def begin_step(self) -> None:
        """Renew what may be fed before the next decode step, and count who waits for it."""
        # The same with nobody to delay: a newcomer or a cancel waits for the slice that is fed.
        self._budget = self.slice_length * (POSITION_COST + 1)
        for request in self.prefilling:
            request.passed_over += 1

    def next_slice(self) -> tuple[list[Request], int]:
        """The requests to feed side by side, and how many tokens to each; ([], 0): decode now."""
        if not self.prefilling or len(self.running) >= self.max_batch:
            return [], 0
        alone = self._budget // (POSITION_COST + 1)  # positions left for a single row
        oldest = next(self._with_rows(self.prefilling), None)
        overdue = oldest is not None and oldest.passed_over > PATIENCE
        ordered = self._in_order() if alone > 0 else []
        short = list(self._with_rows(self._short_first(ordered)))
        if oldest is not None and overdue and oldest.prefill_left <= self.slice_length:
            if alone > 0:
                others = (request for request in short if request is not oldest)
                short = list(self._with_rows([oldest, *others]))
        elif overdue:
            short = short[: self.max_batch - len(self.running) - 1]  # a row is kept for it
        if short:
            return self._side_by_side(short, alone)
        if oldest is not None and overdue:
            # Beyond the budget: where short prompts never cease, nothing would be left of it.
            return self._spend([oldest], min(self.slice_length, oldest.prefill_left))
        first = next(self._with_rows(ordered), None)
        if first is None or self._pauses(first):
            return [], 0
        return self._spend([first], min(alone, first.prefill_left))

    def _in_order(self) -> list[Request]:
        ordered = self._shares.in_order(self.prefilling)
        for place, request in enumerate(ordered):
            request.ahead = place
        return ordered

    def _short_first(self, ordered: list[Request]) -> Iterator[Request]:
        """The short prompts before the first long one; all of them where that pauses."""
        paused = None
        for request in ordered:
            if request.prefill_left <= self.slice_length:
                yield request
            elif paused is None:
                paused = self._pauses(request)
            if paused is False:
                return

    def _pauses(self, long: Request) -> bool:
        """Whether a long prompt waits for a first token.

        Not for those of an account that was fed a slice more than its own: many short messages one
        after another would hold it up for ever.
        """
        return any(
            running.is_new and not self._shares.is_ahead(running, long, self.slice_length)
            for running in self.running
        )

    def _with_rows(self, requests: Iterable[Request]) -> Iterator[Request]:
        """Those of the requests that would get a row, each taking one."""
        free = self.max_batch - len(self.running)
        rows: Counter[Hashable] = Counter()
        for running in self.running:
            rows.update(set(running.account))
        for request in requests:
            address, person = request.account
            kept = self._kept if rows[person] else self._kept // 2 if rows[address] else 0
            if free > kept:
                free -= 1
                rows.update({address, person})
                yield request

    def _side_by_side(self, chosen: list[Request], alone: int) -> tuple[list[Request], int]:
        """As many of these short prompts as the budget feeds to the end of the shortest."""
        length = min(request.prefill_left for request in chosen)
        while len(chosen) > 1 and length * (POSITION_COST + len(chosen)) > self._budget:
            chosen = chosen[:-1]
            length = min(request.prefill_left for request in chosen)
        return self._spend(chosen, min(length, alone) if len(chosen) == 1 else length)

    def _spend(self, chosen: list[Request], length: int) -> tuple[list[Request], int]:
        self._budget -= length * (POSITION_COST + len(chosen))
        for request in chosen:
            request.passed_over = 0
            self._shares.feed(request, length)
        return chosen, length

    def _end_prefill(self, request: Request) -> None:
        self.prefilling.remove(request)
        self._shares.leave(request)

    def next_held(self) -> Request | None:
        """The held request whose turn it is: one a step, so that the batch waits for one token."""
        if not self.held:
            return None
        request = self._held_shares.least_fed(self.held)
        self._held_shares.feed(request, 1)
        # Of one person's the one that waited longest.
        self.held.remove(request)
        self.held.append(request)
        return request

    def promote(self, request: Request) -> None:
        """Move a request whose prompt has been fed to the running, in the row after theirs."""
        self._end_prefill(request)
        request.status = Status.RUNNING
        request.row = len(self.running)
        self.running.append(request)

    def finish(self, request: Request, reason: FinishReason) -> int | None:
        """End a request wherever it stands.

        Returns the running row whose content must move to the row that it left, if any.
        """
        moved = None
        if request.status is Status.PREFILL:
            self._end_prefill(request)
        elif request.status is Status.RUNNING:
            moved = self._leave(request)
        elif request.status is Status.HELD:
            self.held.remove(request)
            self._held_shares.leave(request)
        request.status = Status.FINISHED
        request.finish_reason = reason
        return moved

    def _leave(self, request: Request) -> int | None:
        row, last = request.row, self.running.pop()
        if last is request:
            return None
        self.running[row] = last
        last.row = row
        return len(self.running)
