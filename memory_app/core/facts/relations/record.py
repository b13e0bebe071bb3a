"""What is told in one dialogue about relations, by whom it is owned, and what was taken back."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.facts.grammar import Grammar
from memory_app.core.facts.relations.person import Owner, Person, to_listener
from memory_app.core.facts.relations.relation import Relation, own, with_nouns
from memory_app.core.facts.text_file import Texts

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a question asks for: a relation of somebody (None: the speaker), a noun where it has."""

    relation: Relation
    owner: Owner | None
    noun: str = ""

    @property
    def key(self) -> Key:
        """What a later fact of the same key replaces, and one answer answers."""
        whose = self.owner.text if self.owner else self.relation.whose
        return (self.relation.group, whose, self.noun)

    def sayable(self, templates: Texts) -> Texts:
        """Those of the relation's templates that say whose it is."""
        return own(templates) if self.owner and not self.relation.with_other else templates

    @property
    def about(self) -> str:
        """The thing itself, where a clause can't stand."""
        relation = self.relation
        return relation.about_of_others if self.owner else relation.about

    def clause(self, person: Person, template: str, **fields: str) -> str:
        """A template of the relation in the speaker's words, of its owner, with its fields."""
        if not self.relation.with_other:
            template = person.of(template, self.owner)
        owner = self.owner.text if self.owner else ""
        return with_nouns(template, n=self.noun, o=owner).format_map(fields)

    def said_back(self, person: Person, template: str, **fields: str) -> str:
        """The same in the listener's words; the value stays as it is."""
        if self.relation.with_other:
            owner = to_listener(self.owner.text) if self.owner else ""
        else:
            template, owner = person.of(template, self.owner), ""
        template = with_nouns(to_listener(template), n=to_listener(self.noun), o=owner)
        return template.format_map(fields)


@dataclass(frozen=True, slots=True)
class Told:
    """A topic with its value, and the clause that it was told by or is answered with."""

    topic: Topic
    value: str
    clause: str

    def fields(self, grammar: Grammar) -> dict[str, str]:
        """What fills the value's placeholders."""
        return {"v": self.value, "a": grammar.with_article(self.value)}


class Memory:
    """What the bot may know at this place of a dialogue: the last told of each topic, in order."""

    def __init__(self) -> None:
        self._told: dict[Key, Told] = {}
        self._forgotten: dict[Key, Topic] = {}
        self._replaced: dict[Key, str] = {}

    def tell(self, told: Told) -> None:
        """Told now: the newest of all, in the place of what was told of the same."""
        key = told.topic.key
        old = self._told.pop(key, None)
        if old is not None and old.value != told.value:
            self._replaced[key] = old.value
        self._told[key] = told
        self._forgotten.pop(key, None)

    def forget(self, topic: Topic) -> None:
        """Taken back."""
        del self._told[topic.key]
        self._forgotten[topic.key] = topic

    def forget_all(self) -> None:
        """All of it taken back."""
        for told in list(self._told.values()):
            self.forget(told.topic)

    @property
    def told(self) -> list[Told]:
        """What is known, in the order told."""
        return list(self._told.values())

    @property
    def forgotten(self) -> list[Topic]:
        """What was taken back and not told again."""
        return list(self._forgotten.values())

    def known(self, topic: Topic) -> Told | None:
        """What is known of a topic."""
        return self._told.get(topic.key)

    def is_free(self, topic: Topic) -> bool:
        """Whether nothing was ever told of it."""
        return topic.key not in self._told and topic.key not in self._forgotten

    def has_value(self, value: str) -> bool:
        """Whether something known has this value, or has it as a part."""
        words = f" {value.lower()} "
        return any(
            words in f" {told.value.lower()} " or f" {told.value.lower()} " in words
            for told in self._told.values()
        )

    def replaced(self, topic: Topic) -> str:
        """The value before the last correction, or nothing."""
        return self._replaced.get(topic.key, "")
