"""How many ids each address and each person was fed: what the scheduler shares prefill by."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from memory_app.core.engine.request import Request

#: Accounts; beyond them those that don't wait are forgotten.
_REMEMBERED = 4096


class _Rounds:
    """Deficit round robin (Shreedhar and Varghese 1995) with a quantum of one id.

    In each round every account that waits may be fed one id more, and a prompt is due in the round
    in which its account's right covers all of it. Rounds in which no prompt is due cost nothing, so
    an account needs no list to walk: `used` is the round up to which it has been fed, and a prompt
    of n ids is due in round `used + n`. An account that joins begins in the present round: time
    away earns nothing. One that leaves keeps what it is ahead, until the rounds have caught up.
    """

    def __init__(self) -> None:
        self.present = 0
        self.used: dict[Hashable, int] = {}
        self.waiting: dict[Hashable, int] = {}  # requests of each account that waits

    def join(self, account: Hashable) -> None:
        self.used[account] = max(self.used.get(account, 0), self.present)
        self.waiting[account] = self.waiting.get(account, 0) + 1

    def feed(self, account: Hashable, ids: int) -> None:
        self.used[account] += ids
        self._advance()

    def leave(self, account: Hashable) -> None:
        self.waiting[account] -= 1
        if not self.waiting[account]:
            del self.waiting[account]
        self._advance()

    def ahead(self, account: Hashable, other: Hashable) -> int:
        return self.used.get(account, self.present) - self.used[other]

    def _advance(self) -> None:
        if not self.waiting:
            # Nobody is owed anything, and nobody owes.
            self.present = 0
            self.used.clear()
            return
        self.present = max(self.present, min(self.used[account] for account in self.waiting))
        many = len(self.used) > _REMEMBERED
        for account in [a for a in self.used if a not in self.waiting]:
            if many or self.used[account] <= self.present:
                del self.used[account]


class Shares:
    """Rounds between addresses, and within each address rounds between its persons.

    A request without an address has its person's account on the upper level, too.
    """

    def __init__(self) -> None:
        self._addresses = _Rounds()
        self._persons: dict[Hashable, _Rounds] = {}

    def join(self, request: Request) -> None:
        """Open an account for a request that begins to wait."""
        address, person = request.account
        self._addresses.join(address)
        self._persons.setdefault(address, _Rounds()).join(person)

    def feed(self, request: Request, ids: int) -> None:
        """Charge ids that a waiting request was fed."""
        address, person = request.account
        self._addresses.feed(address, ids)
        self._persons[address].feed(person, ids)

    def leave(self, request: Request) -> None:
        """A request waits no longer."""
        address, person = request.account
        self._persons[address].leave(person)
        self._addresses.leave(address)
        for gone in [a for a in self._persons if a not in self._addresses.used]:
            del self._persons[gone]

    def in_order(self, requests: Iterable[Request]) -> list[Request]:
        """By the round in which each is due; within a person the shortest first, then the oldest.

        Each stands behind those of its own account that come first, so many requests of one
        person, or of one address, delay the others no more than one does.
        """
        by_length = sorted(requests, key=lambda request: request.prefill_left)
        inner = self._due(by_length, {a: rounds.used for a, rounds in self._persons.items()})
        within = sorted(by_length, key=inner.__getitem__)
        used = dict(self._addresses.used)
        due: dict[Request, int] = {}
        for request in within:
            used[request.account[0]] += request.prefill_left
            due[request] = used[request.account[0]]
        return sorted(within, key=due.__getitem__)

    @staticmethod
    def _due(
        requests: list[Request], used: dict[Hashable, dict[Hashable, int]]
    ) -> dict[Request, int]:
        used = {address: dict(persons) for address, persons in used.items()}
        due: dict[Request, int] = {}
        for request in requests:
            address, person = request.account
            used[address][person] += request.prefill_left
            due[request] = used[address][person]
        return due

    def is_ahead(self, request: Request, other: Request, by: int) -> bool:
        """Whether `request`'s account was fed over `by` ids more than that of `other`."""
        address, person = request.account
        others, neighbour = other.account
        if address != others:
            return self._addresses.ahead(address, others) > by
        return self._persons[address].ahead(person, neighbour) > by

    def least_fed(self, requests: Iterable[Request]) -> Request:
        """The request whose address, and whose person within it, was fed least."""

        def used(request: Request) -> tuple[int, int]:
            address, person = request.account
            return self._addresses.used[address], self._persons[address].used[person]

        return min(requests, key=used)
