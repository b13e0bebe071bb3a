"""A relation: what is told of somebody, in the words that people type, and what is asked for it.

A table of a relations/*.toml file is one relation, or with `kinds` a family of them, one for each
{k}. Clauses are a speaker's of themselves; `Person.of` says them of others, `to_listener` says them
back. {v} the value, {a} the value with its article, {n} a noun that is part of what is asked for,
{o} somebody else where the clause is about both.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from memory_app.core.facts.text_file import (
    Fields,
    LanguageError,
    Texts,
    build,
    check_texts,
    read_toml,
)

HOLD_OUT_EVERY = 5
#: What a clause needs in order to be said of somebody else.
_OWN = re.compile(r"\b(I|I'm|I've|I'll|I'd|me|my|myself)\b")
#: Whose a relation may be: the speaker's alone, anybody's, or the bot's (told by the speaker).
OWNERS = ("anyone", "me", "bot")
FEWEST_TELLS, FEWEST_ASKS = 3, 3

_Tells = Annotated[Texts, Fields("v a n o k", "v a")]
_Names = Annotated[str, Fields("n o k")]
#: Where the speaker is named as such.
_SAYS = re.compile(r"\bdid I say\b")


@dataclass(frozen=True, slots=True)
class Relation:
    """say: clauses that tell, and answer with the same words before the value. tell: further ones
    that only tell. ask: questions without their mark. noun: the thing asked for, where a question
    goes around it (“where I work”); about: the same as a thing, where noun is a clause (“my job”).

    value: names of kinds of values (values.py). group: relations of which no two are told of one
    person in one dialogue; whose: that person, where the clause itself names them (“my sister”).
    nouns: the list that {n} is drawn from. answers: clauses to answer with
    where `say` can't be turned round (what is told of the bot). open: any word may be the value.
    """

    name: str
    value: Texts
    say: _Tells
    ask: Annotated[Texts, Fields("n o k")]
    noun: _Names
    tell: _Tells = ()
    about: _Names = ""
    answers: Annotated[Texts, Fields("v a n k", "v a")] = ()
    group: str = ""
    whose: str = ""
    of: str = "anyone"
    nouns: str = ""
    open: bool = True
    weight: float = 1.0
    held_out: bool = field(init=False)
    about_of_others: str = field(init=False)
    with_other: bool = field(init=False)

    def __post_init__(self) -> None:
        if self.of not in OWNERS:
            raise ValueError(f"{self.name}: of must be one of {', '.join(OWNERS)}.")
        if len(self.say) + len(self.tell) < FEWEST_TELLS or len(self.ask) < FEWEST_ASKS:
            raise ValueError(f"{self.name}: {FEWEST_TELLS} clauses and questions or more.")
        if bool(self.answers) != (self.of == "bot"):
            raise ValueError(f"{self.name}: answers are for what is told of the bot.")
        texts = (*self.say, *self.tell, *self.ask, self.noun)
        for slot, wanted in (("{n}", bool(self.nouns)), ("{o}", "{o}" in self.noun)):
            if any((slot in text) != wanted for text in texts):
                raise ValueError(f"{self.name}: {slot} stands in some of its texts only.")
        if self.of == "anyone" and not (own(self.say) and own(self.ask) and own((self.noun,))):
            raise ValueError(f"{self.name}: say, ask and noun must name whose it is.")
        object.__setattr__(self, "group", self.group or self.name)
        about = self.about if self.of != "anyone" or own((self.about,)) else ""
        object.__setattr__(self, "about_of_others", about or self.noun)
        object.__setattr__(self, "about", self.about or self.noun)
        object.__setattr__(self, "with_other", "{o}" in self.noun)
        object.__setattr__(self, "held_out", is_held_out_relation(self.name))


def own(texts: Sequence[str]) -> Texts:
    """Those that name the speaker as the owner, and so can be said of somebody else."""
    return tuple(text for text in texts if _OWN.search(text) and not _SAYS.search(text))


def is_held_out_relation(name: str) -> bool:
    """Whether training neither tells nor asks a relation (about one in five), by its name."""
    return zlib.crc32(f"relation {name}".encode()) % HOLD_OUT_EVERY == 0


def with_nouns(template: str, **nouns: str) -> str:
    """The template with some nouns put in: “a {n}” is “an umbrella” where it has to be."""
    for name, noun in nouns.items():
        slot = f"{{{name}}}"
        if noun[:1] in "aeiou":
            template = re.sub(rf"\b([Aa]) {re.escape(slot)}", rf"\1n {slot}", template)
        template = template.replace(slot, noun)
    return template


def read_relations(path: Path) -> Iterator[Relation]:
    """The relations of one file.

    Raises:
        LanguageError: as `build`; a table that isn't a relation.
    """
    for name, table in read_toml(path).items():
        if not isinstance(table, dict):
            raise LanguageError(f"{path}: {name} must be a table.")
        data = dict(table)
        kinds = data.pop("kinds", None)
        if isinstance(data.get("value"), str):
            data["value"] = [data["value"]]
        if kinds is None:
            for key in ("say", "tell", "ask", "answers"):
                check_texts(path, f"{name}.{key}", tuple(data.get(key, ())), Fields("v a n o"))
            yield build(Relation, path, data, name=name)
            continue
        if isinstance(kinds, list):
            kinds = dict.fromkeys(kinds, data.pop("value", None))
        for kind, value in kinds.items():
            values = [value] if isinstance(value, str) else value
            filled = {key: _with_kind(item, kind) for key, item in data.items()}
            yield build(Relation, path, filled | {"value": values}, name=f"{name}: {kind}")


def _with_kind(item: Any, kind: str) -> Any:
    if isinstance(item, str):
        return with_nouns(item, k=kind)
    return [_with_kind(text, kind) for text in item] if isinstance(item, list) else item
