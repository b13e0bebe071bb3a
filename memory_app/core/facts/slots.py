"""A slot: one kind of fact, its values, and the many ways to tell, ask for and confirm it.

Templates use {v} the value, {a} the value with "a" or "an", {k} the slot's kind (the sister of
"my sister is called Anna"), {ak} the kind with its article, {o} the value that a correction
replaces. Phrasings are told apart into a trained and a held-out part by their place in the list,
so order matters: append, don't insert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from memory_app.core.facts.values import is_held_out

HOLD_OUT_EVERY = 7
HOLD_OUT_AT = 3
# A closed list (seasons, days) is all trained: holding out "summer" would only hide a word.
SMALLEST_SPLIT = 15


def trained(phrasings: Sequence[str]) -> tuple[str, ...]:
    """The part of a list of phrasings that training uses (about six in seven)."""
    return tuple(p for i, p in enumerate(phrasings) if i % HOLD_OUT_EVERY != HOLD_OUT_AT)


def held_out(phrasings: Sequence[str]) -> tuple[str, ...]:
    """The part that only the exam uses."""
    return tuple(p for i, p in enumerate(phrasings) if i % HOLD_OUT_EVERY == HOLD_OUT_AT)


def with_article(value: str) -> str:
    """ "nurse" → "a nurse", "engineer" → "an engineer"."""
    return ("an " if value[0] in "aeiouAEIO" else "a ") + value


@dataclass(frozen=True, slots=True)
class Slot:
    """One kind of fact.

    tell: first-person clauses without a final stop. ask: direct questions without a question
    mark. noun / noun_you: the thing asked for as the user and the bot call it ("my name",
    "your name", also clauses such as "where I live"). clauses: second-person statements of the
    value for answers and acknowledgements. group: two slots of one group are never told in one
    dialogue, and neither is asked for as unknown while the other is known.
    """

    key: str
    group: str
    values: dict[str, tuple[str, ...]]
    tell: tuple[str, ...]
    ask: tuple[str, ...]
    noun: str
    noun_you: str
    clauses: tuple[str, ...]
    acks: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    bot_asks: tuple[str, ...] = ()
    open: bool = False
    name_like: bool = False
    article: bool = False
    weight: float = 1.0
    kinds: tuple[str, ...] = field(init=False)
    held_kinds: tuple[str, ...] = field(init=False)
    train_values: dict[str, tuple[str, ...]] = field(init=False)
    held_values: dict[str, tuple[str, ...]] = field(init=False)
    train_tell: tuple[str, ...] = field(init=False)
    held_tell: tuple[str, ...] = field(init=False)
    train_ask: tuple[str, ...] = field(init=False)
    held_ask: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("kinds", tuple(self.values))
        split = {}
        for kind, values in self.values.items():
            apart = tuple(value for value in values if is_held_out(value))
            if not self.open or len(values) < SMALLEST_SPLIT or len(apart) < 2:
                apart = ()
            kept = (value for value in values if value not in apart)
            split[kind] = (tuple(kept), apart)
        put("held_kinds", tuple(kind for kind, pair in split.items() if pair[1]))
        put("train_values", {k: pair[0] for k, pair in split.items()})
        put("held_values", {k: pair[1] for k, pair in split.items()})
        put("train_tell", trained(self.tell))
        put("held_tell", held_out(self.tell))
        put("train_ask", trained(self.ask))
        put("held_ask", held_out(self.ask))


def for_kinds(kinds: Sequence[str], values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The same values for each kind of a slot."""
    return dict.fromkeys(kinds, values)
