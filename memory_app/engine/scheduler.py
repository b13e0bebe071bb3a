"""Who is served in the next step. Only this file changes a request's status."""

from __future__ import annotations

from collections import deque

from memory_app.engine.request import FinishReason, Request, Status

# A fed position costs about as much as this many extra rows in it (at 2 x 512: 0.25 ms for one
# row, 0.03 ms for each further one), and a chunk between two decode steps may cost this many such
# units: 5 ms, so that the longest prompt delays a running reply's token by no more than that.
POSITION_COST = 7
CHUNK_COST = 160
# With nobody to delay, a chunk still ends soon enough for a cancel or a newcomer to be seen.
IDLE_CHUNK_COST = 640


class EngineFull(RuntimeError):
    """Too many requests wait already; ask again later."""


class Scheduler:
    """Three places: `waiting` in order of arrival, `prefilling` and `running`, which are rows.

    The index in `prefilling` and in `running` is the row in that pool; a leaver's row is taken by
    the last one, so that a batched step works on the first n rows in place.
    """

    def __init__(self, max_batch: int, max_prefill: int, max_waiting: int) -> None:
        if min(max_batch, max_prefill, max_waiting) < 1:
            raise ValueError("An engine needs room for at least one request.")
        self.max_batch = max_batch
        self.max_prefill = max_prefill
        self.max_waiting = max_waiting
        self.waiting: deque[Request] = deque()
        self.prefilling: list[Request] = []
        self.running: list[Request] = []

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.waiting or self.prefilling or self.running)

    def add(self, request: Request) -> None:
        """Queue a request.

        Raises:
            EngineFull: as many as may wait do so already.
        """
        if len(self.waiting) >= self.max_waiting:
            raise EngineFull("Too many replies wait for the model.")
        request.status = Status.WAITING
        self.waiting.append(request)

    def admit(self) -> list[Request]:
        """Give rows of the prefill pool to those who waited longest; the newcomers, in order."""
        admitted = []
        while (
            self.waiting
            and len(self.prefilling) < self.max_prefill
            and len(self.prefilling) + len(self.running) < self.max_batch
        ):
            request = self.waiting.popleft()
            request.status = Status.PREFILL
            request.row = len(self.prefilling)
            self.prefilling.append(request)
            admitted.append(request)
        return admitted

    def chunk(self) -> int:
        """How many prompt positions to feed to every prefilling row before the next decode step."""
        if not self.prefilling:
            return 0
        cost = CHUNK_COST if self.running else IDLE_CHUNK_COST
        return max(1, cost // (POSITION_COST + len(self.prefilling)))

    def promote(self, request: Request) -> int | None:
        """A prompt has been fed: the request joins the running, in the row after theirs.

        Returns the prefill row whose content must move to the row that it left, if any.
        """
        moved = self._leave(self.prefilling, request)
        request.status = Status.RUNNING
        request.row = len(self.running)
        self.running.append(request)
        return moved

    def finish(self, request: Request, reason: FinishReason) -> int | None:
        """End a request wherever it stands.

        Returns the row, of the pool that it stood in, whose content must move to the row that it
        left, if any.
        """
        moved = None
        if request.status is Status.WAITING:
            self.waiting.remove(request)
        elif request.status is Status.PREFILL:
            moved = self._leave(self.prefilling, request)
        elif request.status is Status.RUNNING:
            moved = self._leave(self.running, request)
        request.status = Status.FINISHED
        request.finish_reason = reason
        return moved

    @staticmethod
    def _leave(place: list[Request], request: Request) -> int | None:
        row, last = request.row, place.pop()
        if last is request:
            return None
        place[row] = last
        last.row = row
        return len(place)
