"""What a recall dialogue says so far, what it makes known, and where."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.facts.slots import Slot


@dataclass(frozen=True, slots=True)
class Fact:
    """One slot with its value."""

    slot: Slot
    kind: str
    value: str

    @property
    def key(self) -> tuple[str, str]:
        """What a later fact of the same key replaces."""
        return (self.slot.key, self.kind)

    def fields(self, replaced: str = "") -> dict[str, str]:
        """What the templates may use."""
        with_article = self.slot.grammar.with_article
        return {
            "v": self.value,
            "a": with_article(self.value),
            "k": self.kind,
            "ak": with_article(self.kind) if self.kind else "",
            "o": replaced,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """The last question that was put."""

    turn: int
    slot: str
    kind: str
    answer: str
    replaced: str = ""


def topic_of(slot: Slot, kind: str) -> tuple[str, str]:
    """What answers one question about a topic answers another, however it is asked."""
    return (slot.group, "" if slot.any_kind else slot.same_kinds.get(kind, kind))


class Record:
    """The turns so far and what they make known."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, str]] = []
        self.answer_turns: dict[int, float] = {}
        self.filler_turns: set[int] = set()
        self.slipped: set[int] = set()
        # (turn, fact): the user tells it there, or the bot says it from memory.
        self.mentions: list[tuple[int, Fact]] = []
        # (turn, topic): told in the user's turn; asked for, known or not, before the bot's turn.
        self.told: list[tuple[int, tuple[str, str]]] = []
        self.recalled: list[tuple[int, tuple[str, str]]] = []
        self.unknown: list[tuple[int, tuple[str, str]]] = []
        self.known: dict[tuple[str, str], Fact] = {}
        self.last: Asked | None = None
        self.replaced: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()
        self._values: set[str] = set()

    def is_free(self, slot: Slot, kind: str) -> bool:
        """Whether nothing told or reserved here answers this slot."""
        if slot.tells_kind:
            return not any(group == slot.group for group, _ in self._taken)
        return topic_of(slot, kind) not in self._taken

    def reserve(self, fact: Fact) -> None:
        """Keep this slot and value for this fact."""
        self._taken.add(topic_of(fact.slot, fact.kind))
        self._values.add(fact.value.lower())

    def has_value(self, value: str) -> bool:
        """Whether some fact of this dialogue has the value already."""
        return value.lower() in self._values

    def exchange(self, user: str, bot: str) -> int:
        """Add one exchange; returns the index of the bot's turn."""
        self.turns.append(("user", user))
        self.turns.append(("bot", bot))
        return len(self.turns) - 1

    def learn(self, fact: Fact, turn: int, instead_of: str = "") -> None:
        """Told in the user's turn before the bot's turn `turn`, which may say it again.

        A correction names the value that it takes the place of.
        """
        self.reserve(fact)
        self.known[fact.key] = fact
        if instead_of:
            self.replaced[fact.key] = instead_of
        self.mentions.append((turn - 1, fact))
        if turn not in self.slipped:
            self.mentions.append((turn, fact))
        self.told.append((turn - 1, topic_of(fact.slot, fact.kind)))

    def asked(self, turn: int, slot: Slot, kind: str, answer: str) -> None:
        """Asked for, and answered in the bot's turn `turn`: with "" where it isn't known."""
        self.answer_turns[turn] = 1.0
        replaced = self.replaced.get((slot.key, kind), "") if answer else ""
        self.last = Asked(turn, slot.key, kind, answer, replaced)
