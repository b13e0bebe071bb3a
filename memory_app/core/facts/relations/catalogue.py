"""All relations of a language with what is said around them, read once and checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from memory_app.core.facts import language as languages
from memory_app.core.facts.language import Language, language_of
from memory_app.core.facts.relations.drills import Drills
from memory_app.core.facts.relations.own_words import OwnWordForms
from memory_app.core.facts.relations.person import People, Person
from memory_app.core.facts.relations.relation import Relation, read_relations
from memory_app.core.facts.relations.values import ValueForms, Values
from memory_app.core.facts.text_file import (
    Entry,
    Fields,
    LanguageError,
    Phrases,
    Texts,
    build,
    read_entries,
)
from memory_app.core.facts.values import read_values

FOLDER = Path(languages.__file__).parent
_Clauses = Annotated[Texts, Fields("c", "c")]
_Tells = Annotated[Texts, Fields("t", "t")]
_Nouns = Annotated[Texts, Fields("m", "m")]
_Things = Annotated[Texts, Fields("n")]


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said around any relation (relations/talk.toml).

    {m} the thing asked for in the user's words, {n} in the bot's, {t} a clause that tells, {c} the
    same said back, {v} the value, {o} the one it replaces, {p} a person.
    """

    ask_noun: _Nouns
    ask_about: _Nouns
    and_of: Annotated[Texts, Fields("p", "p")]
    answers: _Clauses
    answers_about: _Clauses
    dont_know: _Things
    forgotten: _Things
    echoes: _Clauses
    plain_acks: Phrases
    corrections: _Tells
    corrections_bare: Annotated[Texts, Fields("v o", "v")]
    corrected: _Clauses
    forget: _Nouns
    forget_about: _Nouns
    forget_clause: _Tells
    forgets: Phrases
    forget_all: Phrases
    who_told: _Nouns
    who_told_clause: _Tells
    told_by_you: _Clauses
    told_by_nobody: _Things
    did_i_tell: _Nouns
    did_tell: _Clauses
    didnt_tell: _Things
    confirm: _Tells
    confirmed: _Clauses
    denied: _Clauses
    list_mine: Phrases
    list_of: Annotated[Texts, Fields("p", "p")]
    list_all: Phrases
    listed: _Clauses
    nothing_known: Phrases
    said_that: _Clauses
    said_nothing: _Things
    world_replies: Phrases


@dataclass(frozen=True, slots=True)
class Catalogue:
    """relations: all, in the files' order. memory_talk, feelings: what is said between facts and
    answered as it is; world: questions for what nobody told."""

    language: Language
    relations: tuple[Relation, ...]
    talk: Talk
    people: People
    person: Person
    values: Values
    drills: Drills
    own_words: OwnWordForms
    memory_talk: tuple[Entry, ...]
    feelings: tuple[Entry, ...]
    world: Texts

    def of(self, *, held_out: bool) -> tuple[Relation, ...]:
        """The relations that training tells, or those that it doesn't."""
        return tuple(r for r in self.relations if r.held_out == held_out)


def read_catalogue(folder: Path, language: Language) -> Catalogue:
    """What lies in a language's folder `relations`.

    Raises:
        LanguageError: a file is missing or wrong, two relations have one name, a kind of value or
            a list of nouns isn't there; one sentence that names the file.
    """
    texts = folder / "around"
    lists = read_values(folder.parent / "values.toml") | read_values(texts / "values.toml")
    values = Values(lists, build(ValueForms, texts / "forms.toml"), language.made_up_names)
    relations: dict[str, Relation] = {}
    for path in sorted(folder.glob("*.toml")):
        for relation in read_relations(path):
            if relation.name in relations:
                raise LanguageError(f"{path}: {relation.name} is there twice.")
            if relation.nouns and relation.nouns not in lists:
                raise LanguageError(f"{path}: {relation.name}: no list {relation.nouns}.")
            try:
                for kind in relation.value:
                    values.check(kind)
            except LanguageError as error:
                raise LanguageError(f"{path}: {relation.name}: {error}") from error
            relations[relation.name] = relation
    return Catalogue(
        language=language,
        relations=tuple(relations.values()),
        talk=build(Talk, texts / "talk.toml"),
        people=build(People, texts / "people.toml"),
        person=build(Person, texts / "person.toml"),
        values=values,
        drills=build(Drills, texts / "drills.toml"),
        own_words=build(OwnWordForms, texts / "own_words.toml"),
        memory_talk=read_entries(texts / "memory_talk.txt"),
        feelings=read_entries(texts / "feelings.txt"),
        world=tuple((texts / "world.txt").read_text("utf-8").split("\n")[:-1]),
    )


@cache
def catalogue_of(code: str) -> Catalogue:
    """The relations of a language; English ones where it has none.

    Raises:
        LanguageError: as `read_catalogue`.
    """
    folder = FOLDER / code / "relations"
    if not folder.is_dir():
        code, folder = languages.ENGLISH, FOLDER / languages.ENGLISH / "relations"
    return read_catalogue(folder, language_of(code))
