"""What a relation's value may be: one of a list, a number, a time, a date, a name, a few words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from memory_app.core.facts.hold_out import is_held_out
from memory_app.core.facts.made_up_names import Syllables
from memory_app.core.facts.slots import SMALLEST_SPLIT
from memory_app.core.facts.text_file import Fields, LanguageError, Phrases, Texts

_RANGE = re.compile(r"number (\d{1,6})\.\.(\d{1,6})")
_FEW_TRIES = 30
#: Share of the numbers up to twenty that are written as a word.
_IN_WORDS = 0.35

_Parts = Annotated[Texts, Fields("adjective thing things number name place")]


@dataclass(frozen=True, slots=True)
class ValueForms:
    """How values that are in no list are put together.

    number_words: one, two, … ; times: {h} an hour, {hour} its word, {m} minutes; dates: {d} a day,
    {th} it with its ending, {month}, {weekday}; amounts: {x} a number, {X} it as a word; phrases:
    things with what is said of them; closed: lists in whose place no other word can stand.
    """

    number_words: Phrases
    months: Phrases
    weekdays: Phrases
    times: Annotated[Texts, Fields("h hour m")]
    dates: Annotated[Texts, Fields("d th month weekday")]
    amounts: Annotated[Texts, Fields("x X", "x X")]
    phrases: _Parts
    closed: Phrases


class Values:
    """Draws values by the name of their kind, none that is held out of training unless asked."""

    def __init__(self, lists: Mapping[str, Texts], forms: ValueForms, made_up: Syllables) -> None:
        self.lists = lists
        self.forms = forms
        self.made_up = made_up
        self._trained = {name: _split(values)[0] for name, values in lists.items()}
        self._held_out = {name: _split(values)[1] for name, values in lists.items()}
        self._composed: dict[str, Callable[[random.Random], str]] = {
            "time": self._time,
            "date": self._date,
            "amount": self._amount,
            "phrase": self._phrase,
            "made_up_name": self.made_up.name,
        }

    def check(self, kind: str) -> None:
        """Raises LanguageError where there is no such kind."""
        if not (kind in self.lists or kind in self._composed or _RANGE.fullmatch(kind)):
            raise LanguageError(f"there is no kind of value “{kind}”.")

    def is_open(self, kinds: Sequence[str]) -> bool:
        """Whether any word may stand in the place of such a value."""
        return not any(kind in self.forms.closed for kind in kinds)

    def draw(self, rng: random.Random, kinds: Sequence[str], *, held_out: bool = False) -> str:
        """A value of one of the kinds; with held_out one that training never tells, if any is."""
        kind = rng.choice(kinds)
        if kind in self.lists:
            values = self._held_out[kind] if held_out else ()
            return rng.choice(values or self._trained[kind])
        value = ""
        for _ in range(_FEW_TRIES):
            value = self._compose(rng, kind)
            if is_held_out(value) == held_out:
                break
        return value

    def _compose(self, rng: random.Random, kind: str) -> str:
        if kind in self._composed:
            return self._composed[kind](rng)
        if (bounds := _RANGE.fullmatch(kind)) is None:
            raise ValueError(f"There is no kind of value “{kind}”.")
        return self._number(rng, rng.randint(int(bounds[1]), int(bounds[2])))

    def _number(self, rng: random.Random, number: int) -> str:
        words = self.forms.number_words
        small = 0 < number <= len(words)
        return words[number - 1] if small and rng.random() < _IN_WORDS else str(number)

    def _time(self, rng: random.Random) -> str:
        hour = rng.randint(1, 12)
        word = self.forms.number_words[hour - 1]
        minutes = f"{5 * rng.randint(1, 11):02}"
        return rng.choice(self.forms.times).format(h=hour, hour=word, m=minutes)

    def _date(self, rng: random.Random) -> str:
        day = rng.randint(1, 28)
        ending = "th" if 4 <= day <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        month, weekday = rng.choice(self.forms.months), rng.choice(self.forms.weekdays)
        form = rng.choice(self.forms.dates)
        return form.format(d=day, th=f"{day}{ending}", month=month, weekday=weekday)

    def _amount(self, rng: random.Random) -> str:
        number = rng.choice((rng.randint(2, 20), rng.randint(1, 40) * 5, rng.randint(2, 90) * 10))
        words = self.forms.number_words
        word = words[number - 1] if number <= len(words) else str(number)
        return rng.choice(self.forms.amounts).format(x=number, X=word)

    def _phrase(self, rng: random.Random) -> str:
        draw = self._trained
        text = rng.choice(self.forms.phrases).format(
            adjective=rng.choice(draw["adjectives"]),
            thing=rng.choice(draw["things"]),
            things=rng.choice(draw["plural_things"]),
            number=rng.choice(self.forms.number_words[1:12]),
            name=rng.choice(draw["names"]),
            place=rng.choice(draw["cities"]),
        )
        return re.sub(r"\ba (?=[aeiou])", "an ", text)


def _split(values: Texts) -> tuple[Texts, Texts]:
    """What training tells of a list, and what it doesn't; a short list is told whole."""
    apart = tuple(value for value in values if is_held_out(value))
    if len(values) < SMALLEST_SPLIT:
        return values, ()
    return tuple(value for value in values if not is_held_out(value)), apart
