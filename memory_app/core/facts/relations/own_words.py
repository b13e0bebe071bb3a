"""What a corpus' own user said of themselves, asked for later in the same dialogue.

“I have two dogs at home.” … “What did I say about my dogs?” – “You said that you have two dogs at
home.” Nothing is known beforehand of what is said: the words themselves are the value.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memory_app.core.facts.grammar import capitalised
from memory_app.core.facts.relations.person import to_listener
from memory_app.core.facts.text_file import Phrases

if TYPE_CHECKING:
    from memory_app.core.facts.relations.catalogue import Catalogue

Dialogue = list[tuple[str, str]]

#: Share of the questions for something of which nothing was said.
IN_VAIN = 0.2
#: Words of a clause at least and at most; of the thing asked for at most.
SHORTEST, LONGEST, THING = 4, 16, 3
_SENTENCE = re.compile(r"[^.!?;\n]+[.!?]*")
#: What stands in no plain clause: quotations, links, smileys.
_ODD = re.compile(r"[^\x20-\x7e]|[\"()\[\]{}<>/:]")


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A clause that a user says of themselves in turn `turn`, and the thing that it is about."""

    turn: int
    clause: str
    thing: str


@dataclass(frozen=True, slots=True)
class OwnWordForms:
    """Words by which clauses and their things are found (relations/around/own_words.toml)."""

    skipped: Phrases
    between: Phrases
    verbs: Phrases
    linking: Phrases
    participles: Phrases
    owned: Phrases
    ends: Phrases
    pointing: Phrases
    verb_things: dict[str, str]
    _does: re.Pattern[str] = field(init=False, repr=False)
    _is: re.Pattern[str] = field(init=False, repr=False)
    _points: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lead = rf"^(?:(?:{'|'.join(self.skipped)}),? )*"
        between = rf"(?:(?:{'|'.join(self.between)}) )*"
        verbs, others = "|".join(self.verbs), "|".join(self.verb_things)
        does = (
            rf"{lead}(?P<clause>(?:I|we)(?:'ve)? {between}"
            rf"(?:(?:{verbs}) (?P<object>.+)|(?P<verb>{others}) .+))$"
        )
        states = (
            rf"{lead}(?P<clause>(?P<thing>(?:my|our) [a-z]+(?: [a-z]+)?)"
            rf" (?:{'|'.join(self.linking)}) .+)$"
        )
        object.__setattr__(self, "_does", re.compile(does, re.IGNORECASE))
        object.__setattr__(self, "_is", re.compile(states, re.IGNORECASE))
        points = rf"\b(?:{'|'.join(self.pointing)})\b"
        object.__setattr__(self, "_points", re.compile(points, re.IGNORECASE))

    def find(self, dialogue: Dialogue) -> list[OwnWords]:
        """What users say of themselves, where one noun tells which of it is asked for."""
        texts = [text.lower() for _, text in dialogue]
        said = []
        for words in self._clauses(dialogue):
            noun = re.compile(rf"\b{re.escape(words.thing.split()[-1].lower())}")
            users = [at for at, (role, _) in enumerate(dialogue) if role == "user"]
            if [at for at in users for _ in noun.findall(texts[at])] == [words.turn]:
                said.append(words)
        return said

    def _clauses(self, dialogue: Dialogue) -> Iterable[OwnWords]:
        for turn, (role, text) in enumerate(dialogue):
            sentences = _SENTENCE.findall(text.replace("’", "'")) if role == "user" else ()
            for sentence in sentences:
                if not sentence.endswith("?") and (
                    found := self._clause(sentence.strip().rstrip(".! "))
                ):
                    yield OwnWords(turn, *found)

    def _clause(self, sentence: str) -> tuple[str, str] | None:
        """A clause and its thing."""
        if match := self._is.match(sentence):
            clause, thing = match["clause"], match["thing"].lower()
            clause = clause[:1].lower() + clause[1:]
            if any(word in self.ends for word in thing.split()):
                return None
        elif match := self._does.match(sentence):
            clause, verb = match["clause"], match["verb"]
            thing = self.verb_things[verb.lower()] if verb else self._thing(match["object"])
        else:
            return None
        length = len(clause.split())
        if not thing or not SHORTEST <= length <= LONGEST or _ODD.search(clause):
            return None
        return None if self._points.search(clause) else (clause, thing)

    def _thing(self, rest: str) -> str:
        """An object as one asks for it: “two old dogs at home” → “my dogs”; "" where unsure."""
        words = rest.split()
        first = words[0].lower()
        owned = first in self.owned
        if owned or first == "the":
            words = words[1:]
        noun: list[str] = []
        for word in words:
            core = word.rstrip(",")
            if core.lower() in self.ends or not core.replace("-", "").isalpha():
                break
            noun.append(core)
            if core != word:
                break
        if not noun or len(noun) > THING or noun[0].lower() in self.participles:
            return ""
        if len(noun[-1]) < THING or noun[-1].lower().endswith(("ing", "ed", "ly")):
            return ""
        if owned:
            return f"my {noun[-1]}"
        return " ".join(["the", *noun] if first == "the" else noun)


def ask_own_words(
    rng: random.Random, catalogue: Catalogue, dialogue: Dialogue
) -> tuple[Dialogue, set[int]]:
    """The dialogue with a question for a user's own words put in, and the bot's turn that answers.

    The question stands at least one exchange after the words. Where a user says nothing that could
    be asked for, the dialogue (roles in turn, user first) comes back as it is, with no turn.
    """
    places = {
        words: range(words.turn + 4 - words.turn % 2, len(dialogue) + 1, 2)
        for words in catalogue.own_words.find(dialogue)
    }
    said = [words for words, later in places.items() if later]
    if not said:
        return dialogue, set()
    talk = catalogue.talk
    words = rng.choice(said)
    place = rng.choice(places[words])
    if rng.random() < IN_VAIN:
        other = rng.choice(catalogue.values.lists["things"])
        if any(other.lower() in text.lower() for _, text in dialogue):
            return dialogue, set()
        thing = f"my {other}"
        reply = rng.choice(talk.said_nothing).format(n=to_listener(thing))
    else:
        thing = re.sub(r"^our\b", "my", words.thing)
        said_that = rng.choice(talk.said_that).format(c=to_listener(words.clause))
        reply = catalogue.language.grammar.as_sentence(said_that)
    question = rng.choice(talk.ask_about).format(m=thing)
    if rng.random() < 0.6:
        question = capitalised(question) + catalogue.language.grammar.question_mark
    asked = [("user", question), ("bot", reply)]
    return dialogue[:place] + asked + dialogue[place:], {place + 1}
