"""Whom a clause is about: “I play”, “you play”, “my wife plays”.

Relations are written once, as a person says them of themselves. English alone: a language without
these files has no relations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

from memory_app.core.facts.text_file import Fields, Phrases, Texts

_CASES = ("subject", "object", "possessive", "reflexive")
_INVERTED = {
    "am": "is", "have": "has", "do": "does", "was": "was", "don't": "doesn't",
    "haven't": "hasn't", "did": "did", "can": "can", "could": "could",
    "will": "will", "would": "would", "can't": "can't", "didn't": "didn't", "won't": "won't",
    "had": "had", "must": "must", "mustn't": "mustn't", "should": "should",
}  # fmt: skip
_CONTRACTED = {"I'm": "is", "I've": "has", "I'll": "will", "I'd": "would"}
_IRREGULAR = {"am": "is", "have": "has", "do": "does", "go": "goes", "was": "was"} | {
    "don't": "doesn't", "haven't": "hasn't",
}  # fmt: skip
_TO_LISTENER = {
    "i'm": "you're", "i've": "you've", "i'll": "you'll", "i'd": "you'd", "i": "you", "me": "you",
    "my": "your", "mine": "yours", "myself": "yourself", "we": "you", "us": "you", "our": "your",
    "ours": "yours", "ourselves": "yourselves", "we're": "you're", "we've": "you've",
    "we'll": "you'll", "we'd": "you'd", "im": "you're", "ive": "you've",
}  # fmt: skip
_BE = {"am": "are", "was": "were", "wasn't": "weren't"}
_FIRST = re.compile(
    r"\b(?:(am|was|wasn't) (i)|(i) (am|was|wasn't)|"
    r"(i'm|i've|i'll|i'd|i|me|my|mine|myself|we're|we've|we'll|we'd|we|us|our|ours|ourselves"
    r"|im|ive))(?![\w'’{}])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody other than the speaker: “my wife” or “Tom”, and he or she."""

    text: str
    pronoun: str

    def form(self, case: str, *, again: bool) -> str:
        """The owner in one of _CASES, by a pronoun where named before."""
        if again:
            pronouns = ("he", "him", "his", "himself")
            if self.pronoun == "she":
                pronouns = ("she", "her", "her", "herself")
            return pronouns[_CASES.index(case)]
        return f"{self.text}'s" if case == "possessive" else self.text


@dataclass(frozen=True, slots=True)
class Person:
    """What the third person needs to be told of verbs.

    verbs: those that stand after “I” in the present; adverbs: what may stand between.
    """

    verbs: Phrases
    adverbs: Phrases
    _known: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(self.verbs))

    def of(self, template: str, owner: Owner | None) -> str:
        """A template of the speaker's, said of somebody else; with None as it is."""
        return template if owner is None else _of(self, template, owner)

    def third(self, verb: str) -> str:
        """The verb after he or she: “plays”; any other word as it is."""
        if verb in _IRREGULAR:
            return _IRREGULAR[verb]
        if verb not in self._known:
            return verb
        if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
            return verb + "es"
        if verb.endswith("y") and verb[-2] not in "aeiou":
            return verb[:-1] + "ies"
        return verb + "s"


def _of(person: Person, template: str, owner: Owner) -> str:
    words: list[str] = []
    again = False
    bend = False  # the verb that follows is the owner's, in the present
    for word in template.split(" "):
        core = word.rstrip(",.;:")
        mark = word[len(core) :]
        if core in _CONTRACTED:
            words.append(f"{owner.form('subject', again=again)} {_CONTRACTED[core]}{mark}")
            again, bend = True, False
        elif core == "I":
            inverted = bool(words) and words[-1] in _INVERTED
            if inverted:
                words[-1] = _INVERTED[words[-1]]
            words.append(owner.form("subject", again=again) + mark)
            again, bend = True, not inverted
        elif case := {"me": "object", "my": "possessive", "myself": "reflexive"}.get(core, ""):
            words.append(owner.form(case, again=again or case == "reflexive") + mark)
            again = True
        elif bend:
            words.append(person.third(core) + mark)
            bend = core in person.adverbs
        else:
            words.append(word)
    return " ".join(words)


@lru_cache(maxsize=65_536)
def to_listener(text: str) -> str:
    """What a speaker says, as it is said back: “I am”, “my” → “you are”, “your”."""

    def swapped(found: re.Match[str]) -> str:
        verb_first, _, _, verb_after, word = found.groups()
        if verb_first:
            return f"{_BE[verb_first.lower()]} you"
        if verb_after:
            return f"you {_BE[verb_after.lower()]}"
        return _TO_LISTENER[word.lower()]

    return _FIRST.sub(swapped, text)


@dataclass(frozen=True, slots=True)
class People:
    """Who is spoken of beside the speaker: relatives and others as “my …”, friends by name."""

    he: Texts
    she: Texts
    he_names: Texts
    she_names: Texts
    friend: Annotated[Texts, Fields("n", "n")]
    owners: tuple[Owner, ...] = field(init=False)
    named: tuple[Owner, ...] = field(init=False)

    def __post_init__(self) -> None:
        both = (("he", self.he), ("she", self.she))
        owners = (Owner(text, pronoun) for pronoun, texts in both for text in texts)
        object.__setattr__(self, "owners", tuple(owners))
        both = (("he", self.he_names), ("she", self.she_names))
        names = (Owner(text, pronoun) for pronoun, texts in both for text in texts)
        object.__setattr__(self, "named", tuple(names))
