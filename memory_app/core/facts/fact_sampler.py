"""Draws what one dialogue tells: facts that nothing contradicts, what to ask for in vain."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from memory_app.core.facts.dialogue_state import Fact
from memory_app.core.facts.language import Language
from memory_app.core.facts.realiser import Writer
from memory_app.core.facts.slot_sets import SCOPE_VALUES, slots_of
from memory_app.core.facts.slots import Slot

Fillers = Callable[[random.Random, int], list[tuple[str, str]]]

#: Share of the drilled values, names aside, that are of two words.
TWO_WORDS = 0.3

#: Of the questions for what wasn't told, those for another kind of a told slot ("my favourite
#: music" after "my favourite colour"), where any was told. Nothing is harder to tell apart, so
#: training asks it more often.
NEAR_IN_EXAM, NEAR = 0.4, 0.6

#: Draws until a fact is free: of a language with few slots most may be taken.
TRIES = 1000
#: How often training takes one of a slot's common kinds. Drawn evenly, one pet in twenty is a dog,
#: and a model doesn't learn to tell whether it knows of any.
COMMON = 0.5


class Plan:
    """Draws facts and lays out one dialogue through a Writer."""

    def __init__(
        self,
        rng: random.Random,
        fillers: Fillers,
        made_up: float,
        drilled: float,
        words: Sequence[str],
        most_values: int | None,
        scope: str,
        held_out_values: bool,
        held_out_phrasings: bool,
        loose: float,
        slips: float,
        language: Language,
    ) -> None:
        self.rng, self.slips = rng, slips
        self.made_up, self.drilled, self.words = made_up, drilled, words
        limits = [n for n in (most_values, SCOPE_VALUES[scope]) if n is not None]
        self.most_values = min(limits) if limits else None
        self.slots = slots_of(scope, language)
        self.more_of: Mapping[str, float] = {}  # factors of some slots' weights, by key
        self.held_out_values = held_out_values
        self.writer = Writer(rng, fillers, language, held_out_phrasings, loose)

    def kind_of(self, slot: Slot, kinds: Sequence[str]) -> str:
        """One of a slot's kinds; in training a common one every other time."""
        if self.writer.training and slot.common_kinds and self.rng.random() < COMMON:
            return self.rng.choice(slot.common_kinds)
        return self.rng.choice(kinds)

    def fact(self, slot: Slot | None = None, kind: str | None = None, other_than: str = "") -> Fact:
        """A fact that nothing told so far contradicts; the last resort repeats a slot."""
        rng, writer = self.rng, self.writer
        held = self.held_out_values
        for _ in range(TRIES):
            chosen = slot
            if chosen is None:
                chosen = self.draw([s for s in self.slots if s.held_kinds or not held])
            kinds = chosen.held_kinds if held else chosen.kinds
            k = self.kind_of(chosen, kinds) if kind is None else kind
            if slot is None and not writer.is_free(chosen, k):
                continue
            values = chosen.held_values[k] if held else chosen.train_values[k][: self.most_values]
            made_up = not held and chosen.name_like and rng.random() < self.made_up
            value = writer.made_up(chosen) if made_up else rng.choice(values) if values else ""
            if self.words and chosen.open and not held and rng.random() < self.drilled:
                value = rng.choice(self.words)
                # Two words are to be kept in their order, too.
                if not chosen.name_like and rng.random() < TWO_WORDS:
                    value = " ".join(rng.sample(self.words, 2))
            # One name for two people of a dialogue would make a wrong answer right.
            if not value or value == other_than or (slot is None and writer.has_value(value)):
                continue
            return Fact(chosen, k, value)
        raise RuntimeError("No free slot is left for another fact.")

    def wrongly(self, fact: Fact) -> Fact:
        """The fact with another value: every other time one that was told of something else."""
        told = [other.value for other in self.writer.known.values()]
        value = self.rng.choice(told) if told and self.rng.random() < 0.5 else ""
        wrong = Fact(fact.slot, fact.kind, value)
        # "light green" would not be wrong of green.
        while not wrong.value or fact.value.lower() in wrong.value.lower():
            wrong = self.fact(fact.slot, fact.kind, other_than=fact.value)
        return wrong

    def draw(self, slots: Sequence[Slot]) -> Slot:
        """One slot, by weight."""
        weights = [slot.weight * self.more_of.get(slot.key, 1.0) for slot in slots]
        return self.rng.choices(slots, weights)[0]

    def facts(self, count: int) -> list[Fact]:
        """Some facts of different slots, each reserved at once."""
        found = []
        for _ in range(count):
            fact = self.fact()
            self.writer.reserve(fact)
            found.append(fact)
        return found

    def tell_all(self, facts: list[Fact], between: int) -> None:
        """Tell the facts, one to three in a message, up to `between` fillers between messages."""
        rng, writer = self.rng, self.writer
        start = 0
        while start < len(facts):
            x = rng.random()
            size = 1 if x < 0.6 else 2 if x < 0.88 else 3
            writer.tell(facts[start : start + size])
            start += size
            if between and start < len(facts) and rng.random() < 0.4:
                writer.fill(rng.randint(1, between))

    def unknown(self, near: float = NEAR_IN_EXAM) -> tuple[Slot, str]:
        """A slot never told here; in a share `near` of cases a neighbour of one that was."""
        rng, writer = self.rng, self.writer
        if writer.known and rng.random() < near:
            told = rng.choice(list(writer.known.values())).slot
            if len(told.kinds) > 1:
                for _ in range(4):
                    k = self.kind_of(told, told.kinds)
                    if writer.is_free(told, k):
                        return told, k
        while True:
            slot = self.draw(self.slots)
            k = self.kind_of(slot, slot.kinds)
            if writer.is_free(slot, k):
                return slot, k

    def correct(self, fact: Fact) -> Fact:
        """A new value for a told fact, told as a correction."""
        new = self.fact(fact.slot, fact.kind, other_than=fact.value)
        self.writer.update(fact, new)
        return new
