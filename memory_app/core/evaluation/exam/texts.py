"""The exam's texts in one language: a folder beside this file, read once and checked.

`relations/` has one file a subject, `persons.toml` what is told of different persons, `texts.toml`
what else is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from memory_app.core.facts.text_file import Fields, LanguageError, Phrases, Texts, build, read_toml

_FOLDER = Path(__file__).parent
_TEXTS = "texts.toml"


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that a person tells of their life.

    tell, ask: statements with {value}, questions. thing: the noun phrase by which one asks to
    forget it. topic: relations of one topic aren't told in one chat, since a question could mean
    either. usual: any curriculum can be expected to have it, or this one asks for it
    in training (a test compares the two).
    """

    key: str
    thing: Annotated[str, Fields()]
    tell: Annotated[Texts, Fields("value", "value")]
    ask: Phrases
    values: Phrases
    topic: str = ""
    usual: bool = False

    @property
    def subject(self) -> str:
        """The topic, or the relation itself."""
        return self.topic or self.key


@dataclass(frozen=True, slots=True)
class PersonRelation:
    """A relation that is told of different persons: {who} or {whose} stands for one."""

    key: str
    mine: Annotated[Texts, Fields("value", "value")]
    theirs: Annotated[Texts, Fields("value who whose", "value")]
    ask_mine: Phrases
    ask_theirs: Annotated[Texts, Fields("who whose", "who whose")]
    values: Phrases


@dataclass(frozen=True, slots=True)
class Sayings:
    """acknowledgements, taken_back: the bot's scripted replies. take_back: how a person asks to
    forget {thing}. family, around, friends: persons, of each group at most one in a chat."""

    acknowledgements: Phrases
    take_back: Annotated[Texts, Fields("thing", "thing")]
    taken_back: Phrases
    list_questions: Phrases
    family: Phrases
    around: Phrases
    friends: Phrases


@dataclass(frozen=True, slots=True)
class ExamTexts:
    """All texts of the exam in one language."""

    sayings: Sayings
    relations: tuple[Relation, ...]
    persons: tuple[PersonRelation, ...]


def read_exam_texts(folder: Path) -> ExamTexts:
    """The texts of a folder.

    Raises:
        LanguageError: a file is missing or wrong; one sentence that names it.
    """
    relations = tuple(
        build(Relation, path, table, key=key)
        for path in sorted((folder / "relations").glob("*.toml"))
        for key, table in read_toml(path).items()
    )
    keys = [relation.key for relation in relations]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise LanguageError(f"{folder / 'relations'}: {twice[0]} is there twice.")
    path = folder / "persons.toml"
    persons = tuple(
        build(PersonRelation, path, table, key=key) for key, table in read_toml(path).items()
    )
    return ExamTexts(build(Sayings, folder / _TEXTS), relations, persons)


def exam_languages() -> tuple[str, ...]:
    """The codes of the languages that have these texts."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob(f"*/{_TEXTS}")))


@cache
def exam_texts_of(code: str) -> ExamTexts | None:
    """The texts in a language; None where it has none.

    Raises:
        LanguageError: as `read_exam_texts`.
    """
    return read_exam_texts(_FOLDER / code) if code in exam_languages() else None
