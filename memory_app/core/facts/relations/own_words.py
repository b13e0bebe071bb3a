"""What a corpus' own user said of themselves, asked for later in the same dialogue.

“I have two dogs at home.” … “What did I say about my dogs?” – “You said that you have two dogs at
home.” Nothing is known beforehand of what is said: the words themselves are the value.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from memory_app.core.facts.grammar import capitalised
from memory_app.core.facts.relations.catalogue import Catalogue
from memory_app.core.facts.relations.person import to_listener

Dialogue = list[tuple[str, str]]

#: Share of the questions for something of which nothing was said.
IN_VAIN = 0.2
#: Words of a clause at least and at most, and of the thing asked for at most.
_CLAUSE, _THING = (4, 16), 3
_SENTENCE = re.compile(r"[^.!?;\n]+[.!?]*")
_VERBS = (
    "have|had|own|got|bought|like|love|enjoy|hate|prefer|play|watch|read|study|teach|drive|eat|"
    "drink|collect|miss|want|need|saw|visited|grew|cook|make|made|sell|speak|ride"
)
_I_DO = re.compile(
    rf"^(?:(?:well|so|yes|yeah|yep|no|oh|and|but|also|actually|personally),? )*"
    rf"(?P<clause>(?:I|we)(?:'ve)? (?:(?:really|also|just|always|usually|still|do|recently) )*"
    rf"(?:{_VERBS}) (?P<object>.+))$",
    re.IGNORECASE,
)
_MY_IS = re.compile(
    r"^(?:(?:well|so|yes|yeah|yep|no|oh|and|but|also|actually),? )*"
    r"(?P<clause>(?P<thing>(?:my|our) [a-z]+(?: [a-z]+)?) (?:is|are|was|were|has|have|likes|loves) .+)$",
    re.IGNORECASE,
)
_I_WORK = re.compile(
    r"^(?:(?:well|so|yes|yeah|no|oh|and|but|also|actually),? )*"
    r"(?P<clause>(?:I|we) (?:currently |now |still |also )?(?P<verb>work|live) .+)$",
    re.IGNORECASE,
)
_ABOUT_VERB = {"work": "my work", "live": "where I live"}
#: Where the thing that a clause is about ends.
_ENDS = frozenset(
    "in on at with for and but or because to of that which who when while from so as too if since "
    "about by than then where how what before after every all very much lot just again though until "
    "into over near around during also is are was were it them him her this these those there here "
    "last next back behind under through outside inside away yet once twice between down up off out "
    "together now today tomorrow yesterday ever never usually sometimes always".split()
)
#: Where “I have” is a past tense.
_PARTICIPLES = frozenset(
    "been seen done gone had made read heard met known lived worked got taken learned studied".split()
)
_DETERMINERS = frozenset("a an the my our some two three four five many several both".split())
#: What points outside of the clause.
_POINTS = re.compile(
    r"\b(you|your|yours|u|ur|it|that|this|they|them|he|she|him|those|these|one|ones|there|same|thing|"
    r"things|something|anything|lot|bit|idea|time|fun|feeling|chance|question|mine|yourself|person\d*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A clause that a user says of themselves in turn `turn`, and the thing that it is about."""

    turn: int
    clause: str
    thing: str


def own_words(dialogue: Dialogue) -> list[OwnWords]:
    """What users say of themselves, where one noun tells which of it is asked for."""
    said: list[OwnWords] = []
    texts = [text.lower() for _, text in dialogue]
    for turn, (role, text) in enumerate(dialogue):
        if role != "user":
            continue
        for sentence in _SENTENCE.findall(text):
            words = _words_of(turn, sentence.strip())
            if words is None:
                continue
            noun = re.compile(rf"\b{re.escape(words.thing.split()[-1].lower())}")
            users = [at for at in range(turn % 2, len(texts), 2) if noun.search(texts[at])]
            if users == [turn] and len(noun.findall(texts[turn])) == 1:
                said.append(words)
    return said


def _words_of(turn: int, sentence: str) -> OwnWords | None:
    if sentence.endswith("?"):
        return None
    sentence = sentence.rstrip(".! ").replace("’", "'")
    found = _MY_IS.match(sentence)
    if found:
        clause, thing = found["clause"], found["thing"].lower()
        if not set(thing.split()[1:]).isdisjoint(_ENDS):
            return None
    else:
        found = _I_DO.match(sentence) or _I_WORK.match(sentence)
        if found is None:
            return None
        verb = found.groupdict().get("verb")
        thing = _ABOUT_VERB[verb.lower()] if verb else _thing(found["object"])
        clause = found["clause"]
    low, high = _CLAUSE
    if not thing or not low <= len(clause.split()) <= high or _POINTS.search(clause):
        return None
    if '"' in clause or not clause.isascii() or any(mark in clause for mark in "()[]{}<>/:"):
        return None
    return OwnWords(turn, clause[:1].lower() + clause[1:] if found.re is _MY_IS else clause, thing)


def _thing(rest: str) -> str:
    """The noun at an object's beginning as one asks for it: “two old dogs at home” → “my dogs”."""
    words = rest.split()
    first = words[0].lower()
    owned = first in _DETERMINERS - {"the"}
    if first in _DETERMINERS:
        words = words[1:]
    taken: list[str] = []
    for word in words:
        core = word.rstrip(",")
        if core.lower() in _ENDS or not core.replace("-", "").isalpha():
            break
        taken.append(core)
        if core != word:
            break
    if not taken or len(taken) > _THING or taken[0].lower() in _PARTICIPLES:
        return ""
    noun = " ".join(taken) if not owned else taken[-1]
    if len(taken[-1]) < 3 or taken[-1].lower().endswith(("ing", "ed", "ly")):
        return ""
    return f"my {noun}" if owned else f"the {noun}" if first == "the" else noun


def ask_own_words(
    rng: random.Random, catalogue: Catalogue, dialogue: Dialogue, things: Sequence[str] = ()
) -> tuple[Dialogue, set[int]]:
    """The dialogue with one question for a user's own words put in, and the bot's turn that answers.

    Where the user says nothing of themselves that could be asked for the dialogue comes back as it
    is, with no turn. `things` are asked for in vain; by default those of the catalogue.
    """
    said = [words for words in own_words(dialogue) if words.turn + 2 <= len(dialogue)]
    if not said or dialogue[0][0] != "user":
        return dialogue, set()
    talk = catalogue.talk
    words = rng.choice(said)
    thing = words.thing
    place = rng.randrange(words.turn + 2, len(dialogue) + 1, 2)
    if rng.random() < IN_VAIN:
        other = rng.choice(things or catalogue.values.lists["things"])
        if any(other.lower() in text.lower() for _, text in dialogue):
            return dialogue, set()
        thing = f"my {other}"
        reply = rng.choice(talk.said_nothing).format(n=to_listener(thing))
    else:
        reply = rng.choice(talk.said_that).format(c=to_listener(words.clause))
        reply = catalogue.language.grammar.as_sentence(reply)
    question = rng.choice(talk.ask_about).format(m=_asked(thing))
    question = question if rng.random() < 0.4 else f"{capitalised(question)}?"
    asked = [("user", question), ("bot", reply)]
    return dialogue[:place] + asked + dialogue[place:], {place + 1}


def _asked(thing: str) -> str:
    return re.sub(r"^our\b", "my", thing)
