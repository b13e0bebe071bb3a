"""Who is served in the next step. Only this file changes a request's status."""

from __future__ import annotations

from collections.abc import Hashable

from memory_app.core.engine.request import FinishReason, Request, Status

# A fed position costs about as much as this many extra rows in it: the weights are read once for
# all rows of a position.
POSITION_COST = 2
# So many steps the oldest prompt may be passed over in favour of shorter ones.
PATIENCE = 4


class EngineFull(RuntimeError):
    """Too many requests wait already; ask again later."""


class Scheduler:
    """Two places: `prefilling` in order of arrival, and `running`, whose index is the row.

    A leaver's row is taken by the last one, so that a batched step works on the first n rows in
    place. Prompts are read in slices between decode steps, and those of the next slice are chosen
    anew each time:

    - Prompts of no more than a slice come first, so a short message is never behind a long one.
    - Of the others the one that is done soonest comes first, with what its group (one person) was
      fed already added: many long messages of one person delay another's no more than one does.
    - A long prompt pauses while a running reply has not put out its first token yet.
    - The oldest prompt gets a slice at least every `PATIENCE` + 1 steps, whatever else arrives.

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
        self._budget = 0
        # Tokens fed to each group that has prompts here. A group that joins begins at the least of
        # them: who was away is owed nothing.
        self._fed: dict[Hashable, int] = {}

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.prefilling or self.running)

    def add(self, request: Request) -> None:
        """Queue a request.

        Raises:
            EngineFull: as many as may wait do so already.
        """
        if len(self.prefilling) >= self.max_waiting:
            raise EngineFull("Too many replies wait for the model.")
        request.status = Status.PREFILL
        self.prefilling.append(request)
        self._fed.setdefault(_group(request), min(self._fed.values(), default=0))

    def begin_step(self) -> None:
        """Renew what may be fed before the next decode step, and count who waits for it."""
        # The same with nobody to delay: a newcomer or a cancel waits for the slice that is fed.
        self._budget = self.slice_length * (POSITION_COST + 1)
        for request in self.prefilling:
            request.passed_over += 1

    def next_slice(self) -> tuple[list[Request], int]:
        """The requests to feed side by side, and how many tokens to each; ([], 0): decode now."""
        free = self.max_batch - len(self.running)
        if not self.prefilling or free < 1:
            return [], 0
        alone = self._budget // (POSITION_COST + 1)  # positions left for a single row
        ordered = self._in_order() if alone > 0 else []
        short = [request for request in ordered if request.prefill_left <= self.slice_length]
        oldest = self.prefilling[0]
        overdue = oldest.passed_over > PATIENCE
        if overdue and oldest in short:
            short.sort(key=lambda request: request is not oldest)
        elif overdue:
            short = short[: free - 1]  # a row is kept for it
        if short:
            return self._side_by_side(short[:free], alone)
        if overdue:
            # Beyond the budget: where short prompts never cease, nothing would be left of it.
            return self._spend([oldest], min(self.slice_length, oldest.prefill_left))
        if not ordered or any(request.is_new for request in self.running):
            return [], 0
        return self._spend(ordered[:1], min(alone, ordered[0].prefill_left))

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
            self._fed[_group(request)] += length
        return chosen, length

    def _in_order(self) -> list[Request]:
        by_length = sorted(self.prefilling, key=lambda request: request.prefill_left)
        done_at = dict(self._fed)  # by each group, its shorter prompts included
        keys: dict[Request, tuple[bool, int]] = {}
        for request in by_length:
            done_at[_group(request)] += request.prefill_left
            keys[request] = (request.prefill_left > self.slice_length, done_at[_group(request)])
        return sorted(by_length, key=keys.__getitem__)

    def _end_prefill(self, request: Request) -> None:
        self.prefilling.remove(request)
        if not any(_group(other) == _group(request) for other in self.prefilling):
            del self._fed[_group(request)]

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


def _group(request: Request) -> Hashable:
    return request if request.group is None else request.group
