"""The recall curriculum: dialogues in which facts are told, and asked for later.

Every dialogue is drawn from one random.Random, so one seed gives one dialogue. Training draws
with several questions in a dialogue, at growing gaps; the exam fixes the gap and asks once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from memory_app.training.facts.about_me import ABOUT_ME
from memory_app.training.facts.about_others import ABOUT_OTHERS
from memory_app.training.facts.slots import Slot
from memory_app.training.facts.writer import Fact, Writer

Fillers = Callable[[random.Random, int], list[tuple[str, str]]]

SLOTS: tuple[Slot, ...] = ABOUT_ME + ABOUT_OTHERS
SLOT_BY_KEY = {slot.key: slot for slot in SLOTS}
# What people tell first, and what the exam asks for. A small model that learns all the slots at
# once learns each of them badly; "all" is for larger ones. "wide" has the core's slots with every
# value, for a model that has learned the core.
_CORE = ("name", "home", "job", "age", "favourite", "pet_kind", "pet_name", "number", "count")
SCOPES: dict[str, tuple[Slot, ...]] = {
    "core": tuple(SLOT_BY_KEY[key] for key in _CORE),
    "wide": tuple(SLOT_BY_KEY[key] for key in _CORE),
    "all": SLOTS,
}
# How many values of a slot a scope tells: lists begin with those that are met most often.
_SCOPE_VALUES = {"core": 120, "wide": None, "all": None}

#: Share of the drilled values, names aside, that are of two words.
TWO_WORDS = 0.2

#: Of the questions for what wasn't told, those for another kind of a told slot ("my favourite
#: music" after "my favourite colour"), where any was told. Nothing is harder to tell apart, so
#: training asks it more often.
NEAR_IN_EXAM, NEAR = 0.4, 0.6

#: What people have and tell: in training every second kind is one of these. Drawn evenly, one pet
#: in twenty is a dog, and a model doesn't learn to tell whether it knows of any.
COMMON_KINDS = {
    "pet_name": ("dog", "dog", "cat"),
    "favourite": ("colour", "color", "food", "music", "animal", "sport"),
}
COMMON = 0.5

EXAM_KINDS = ("single", "several", "update", "abstain", "mixed")
#: "chat" is for training alone.
KINDS = (*EXAM_KINDS, "chat")
# Most tell several facts: which word belongs to which question is what is hardest to learn.
_KIND_WEIGHTS = (0.06, 0.34, 0.08, 0.12, 0.12, 0.28)
#: Of the drilled values this share is left in chats: what people tell is to be practised there.
DRILLED_IN_CHATS = 0.4
#: Of the questions in a chat as many times the run's slips are answered wrongly.
WRONG_ANSWERS = 0.7
#: How often a user puts right what the bot got wrong.
PUT_RIGHT = 0.4
#: A chat tells no more facts than this: with more, few slots are left to ask for in vain.
CHAT_FACTS = 8


@dataclass(frozen=True, slots=True)
class Probe:
    """The last question: `answer` stands in the bot turn `turn` ("" for an abstention).

    `replaced` is the earlier value that a correction made wrong, or "".
    """

    turn: int
    slot: str
    slot_kind: str
    answer: str
    kind: str
    replaced: str = ""


@dataclass(slots=True)
class FactDialogue:
    """turns: (role, text), user first, roles in turn. answer_turns: index of a bot turn that
    answers from memory → weight of its loss. filler_turns: bot turns that came from `fillers`.
    mentions: (turn, key, value): told in a user's turn, said from memory in a bot's; a reply may
    leave it out. slipped: bot turns that say something wrong, none of the others. told, recalled, unknown: (turn, topic), a topic being a group of slots and a kind:
    told in a user's turn; asked for alone and answered, or never told, in the bot's turn that says
    so."""

    turns: list[tuple[str, str]]
    probe: Probe
    answer_turns: dict[int, float] = field(default_factory=dict)
    filler_turns: set[int] = field(default_factory=set)
    slipped: set[int] = field(default_factory=set)
    mentions: list[tuple[int, str, str]] = field(default_factory=list)
    told: list[tuple[int, tuple[str, str]]] = field(default_factory=list)
    recalled: list[tuple[int, tuple[str, str]]] = field(default_factory=list)
    unknown: list[tuple[int, tuple[str, str]]] = field(default_factory=list)


def draw_gap(rng: random.Random, max_gap: int) -> int:
    """Exchanges between telling and question: mostly few, now and then anything to max_gap."""
    if max_gap <= 0:
        return 0
    x = rng.random()
    if x < 0.30:
        return 0
    if x < 0.82:
        gap = 1
        while gap < max_gap and rng.random() < 0.6:
            gap += 1
        return gap
    return rng.randint(0, max_gap)


def trained_values(scope: str) -> list[str]:
    """Every value that training may tell, once, in a fixed order."""
    most = _SCOPE_VALUES[scope]
    found = (v for slot in SCOPES[scope] for k in slot.kinds for v in slot.train_values[k][:most])
    return list(dict.fromkeys(found))


def held_out_values(scope: str) -> list[str]:
    """Every value that only the exam tells, once, in a fixed order."""
    found = (v for slot in SCOPES[scope] for k in slot.held_kinds for v in slot.held_values[k])
    return list(dict.fromkeys(found))


class _Plan:
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
    ) -> None:
        self.rng, self.slips = rng, slips
        self.made_up, self.drilled, self.words = made_up, drilled, words
        limits = [n for n in (most_values, _SCOPE_VALUES[scope]) if n is not None]
        self.most_values = min(limits) if limits else None
        self.slots = SCOPES[scope]
        self.held_out_values = held_out_values
        self.writer = Writer(rng, fillers, held_out_phrasings, loose)

    def kind_of(self, slot: Slot, kinds: Sequence[str]) -> str:
        """One of a slot's kinds; in training a common one every other time."""
        common = COMMON_KINDS.get(slot.key, ())
        if self.writer.training and common and self.rng.random() < COMMON:
            return self.rng.choice(common)
        return self.rng.choice(kinds)

    def fact(self, slot: Slot | None = None, kind: str | None = None, other_than: str = "") -> Fact:
        """A fact that nothing told so far contradicts; the last resort repeats a slot."""
        rng, writer = self.rng, self.writer
        held = self.held_out_values
        for _ in range(40):
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
        if value and value != fact.value:
            return Fact(fact.slot, fact.kind, value)
        return self.fact(fact.slot, fact.kind, other_than=fact.value)

    def draw(self, slots: Sequence[Slot]) -> Slot:
        """One slot, by weight."""
        return self.rng.choices(slots, [slot.weight for slot in slots])[0]

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

    def examine(self, kind: str, gap: int) -> None:
        """Exam form: tell, `gap` other exchanges, one question."""
        rng, writer = self.rng, self.writer
        if kind == "abstain":
            count = rng.choice((0, 0, 1, 1, 2))
            self.tell_all(self.facts(count), 0)
            slot, k = self.unknown()
            writer.fill(gap)
            writer.ask_unknown(slot, k)
            return
        facts = self.facts(rng.randint(3, 5) if kind in ("several", "mixed") else 1)
        self.tell_all(facts, 0)
        asked = rng.choice(facts)
        if kind in ("update", "mixed"):
            writer.fill(1)
            asked = self.correct(asked)
        writer.fill(gap)
        writer.ask(asked)

    def train(self, kind: str, max_gap: int) -> None:
        """Training form: several questions at several distances."""
        rng, writer = self.rng, self.writer
        writer.training = True
        writer.slips, writer.wrongly = self.slips, self.wrongly
        if rng.random() < 0.22:
            writer.greet()
        if rng.random() < 0.2:
            writer.fill(rng.randint(1, 2))
        if kind == "abstain":
            self._train_abstain(max_gap)
            return
        if kind == "chat":
            self._train_chat(max_gap)
            return
        count = 1 if kind == "single" or (kind == "update" and rng.random() < 0.5) else 0
        facts = self.facts(count or rng.choice((2, 2, 3, 3, 4, 4, 5, 6, 8)))
        if kind == "mixed":
            self._train_mixed(facts, max_gap)
            return
        self.tell_all(facts, min(2, max_gap))
        writer.fill(draw_gap(rng, max_gap))
        if kind == "update":
            if rng.random() < 0.5:
                writer.ask(rng.choice(facts))
                writer.fill(draw_gap(rng, max_gap) // 2)
            place = rng.randrange(len(facts))
            facts[place] = self.correct(facts[place])
            if rng.random() < 0.15:
                facts[place] = self.correct(facts[place])
            writer.fill(draw_gap(rng, max_gap))
            facts.insert(0, facts.pop(place))
        else:
            rng.shuffle(facts)
        self._question_round(facts, max_gap)

    def _question_round(self, facts: list[Fact], max_gap: int) -> None:
        """Two to six questions; each fact once before any is repeated."""
        rng, writer = self.rng, self.writer
        number = rng.randint(2, 4) if len(facts) == 1 else rng.randint(2, max(3, len(facts) + 1))
        queue = (facts + [rng.choice(facts) for _ in range(number)])[: max(number, 2)]
        for i, fact in enumerate(queue):
            if i and rng.random() < 0.55:
                writer.fill(draw_gap(rng, max_gap))
            x = rng.random()
            if x < 0.26:
                writer.ask_unknown(*self.unknown(NEAR))
            elif x < 0.30 and len(writer.known) > 1:
                writer.ask_two(*rng.sample(list(writer.known.values()), 2))
            elif x < 0.33 and len(writer.known) <= 3:
                writer.ask_all()
            elif x < 0.37:
                writer.confirm(fact, self.fact(fact.slot, fact.kind, other_than=fact.value))
                continue
            writer.ask(fact)

    def _train_abstain(self, max_gap: int) -> None:
        rng, writer = self.rng, self.writer
        self.tell_all(self.facts(rng.choice((0, 0, 1, 1, 1, 2, 3))), min(1, max_gap))
        if writer.known or rng.random() < 0.5:
            writer.fill(draw_gap(rng, max_gap))
        for _ in range(rng.randint(1, 2)):
            if not writer.known and rng.random() < 0.12:
                writer.ask_all()
            slot, k = self.unknown(NEAR)
            writer.ask_unknown(slot, k)
            if rng.random() < 0.45:
                fact = self.fact(slot, k)
                if not writer.has_value(fact.value):
                    writer.tell_after_question(fact)
            if rng.random() < 0.5:
                writer.fill(draw_gap(rng, max_gap) // 2)
        if writer.known:
            writer.ask(rng.choice(list(writer.known.values())))

    def _train_mixed(self, facts: list[Fact], max_gap: int) -> None:
        rng, writer = self.rng, self.writer
        told: list[Fact] = []
        for fact in facts:
            writer.tell([fact])
            told.append(fact)
            if rng.random() < 0.6:
                writer.fill(draw_gap(rng, max_gap) // 2)
            x = rng.random()
            if x < 0.45:
                writer.ask(rng.choice(told))
            elif x < 0.55:
                place = rng.randrange(len(told))
                told[place] = self.correct(told[place])
        writer.fill(draw_gap(rng, max_gap))
        rng.shuffle(told)
        self._question_round(told, max_gap)

    def _train_chat(self, max_gap: int) -> None:
        """As people chat: telling, asking, correcting and small talk in any order."""
        rng, writer = self.rng, self.writer
        self.drilled *= DRILLED_IN_CHATS
        told = self.facts(1)
        writer.tell(told[:])
        for _ in range(rng.randint(6, 16)):
            x = rng.random()
            if x < 0.30 and len(told) < CHAT_FACTS:
                together = rng.choices((1, 2, 3), (0.5, 0.38, 0.12))[0]
                new = self.facts(min(together, CHAT_FACTS - len(told)))
                writer.tell(new)
                told += new
            elif x < 0.48:
                writer.fill(min(draw_gap(rng, max_gap), rng.randint(1, 4)))
            elif x < 0.78:
                fact = rng.choice(told)
                if rng.random() < WRONG_ANSWERS * self.slips:
                    wrong = writer.ask_wrongly(fact)
                    if rng.random() < PUT_RIGHT:
                        writer.update(wrong, fact)
                else:
                    writer.ask(fact)
            elif x < 0.91:
                slot, k = self.unknown(NEAR)
                if rng.random() < WRONG_ANSWERS * self.slips:
                    writer.ask_wrongly(self.fact(slot, k))
                    writer.fill(rng.randint(0, 2))
                writer.ask_unknown(slot, k)
                if rng.random() < 0.4 and len(told) < CHAT_FACTS:
                    fact = self.fact(slot, k)
                    if not writer.has_value(fact.value):
                        writer.tell_after_question(fact)
                        told.append(fact)
            else:
                place = rng.randrange(len(told))
                told[place] = self.correct(told[place])
                writer.fill(rng.randint(0, 1))
                if rng.random() < 0.6:
                    writer.ask(told[place])
        writer.ask(rng.choice(told))


def generate_dialogue(
    rng: random.Random,
    *,
    fillers: Fillers,
    max_gap: int = 8,
    gap: int | None = None,
    kind: str | None = None,
    made_up: float = 0.2,
    drilled: float = 0.0,
    words: Sequence[str] = (),
    most_values: int | None = None,
    scope: str = "all",
    held_out_values: bool = False,
    held_out_phrasings: bool = False,
    loose: float = 0.0,
    slips: float = 0.0,
) -> FactDialogue:
    """Draw one recall dialogue.

    fillers(rng, n) gives n (user, bot) exchanges. With `gap` the dialogue has the exam's form:
    the telling, exactly `gap` fillers, one question, its answer. Without it, the training form.
    `made_up` is the share of name-like values that are invented, `drilled` the share of open ones
    that are any of `words`: copying is learned from many values, not from often ones.
    `most_values` (at least 4)
    keeps to the first so many values of each slot, so that a run can begin with few. Held-out
    values are told only with held_out_values (then in the slots that have any), phrasings only with
    held_out_phrasings (then no others); training draws with neither.

    `loose` is the share of phrasings that are said in other words (typed.loosened).

    `slips` is the share of the bot's turns, in the training form, that say something wrong: what
    the user said holds nevertheless.

    `scope` "core" keeps to the facts that people tell first, "all" has every slot.

    Raises:
        ValueError: an unknown kind or scope.
    """
    kinds = KINDS if gap is None else EXAM_KINDS
    if kind is None:
        kind = rng.choices(kinds, _KIND_WEIGHTS[: len(kinds)])[0]
    elif kind not in kinds:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, with a gap no chat.")
    if scope not in SCOPES:
        raise ValueError(f"scope must be one of {', '.join(SCOPES)}.")
    plan = _Plan(
        rng,
        fillers,
        made_up,
        drilled,
        words,
        most_values,
        scope,
        held_out_values,
        held_out_phrasings,
        loose,
        slips,
    )
    if gap is None:
        plan.train(kind, max_gap)
    else:
        plan.examine(kind, gap)
    writer = plan.writer
    last = writer.last
    if last is None:
        raise RuntimeError("A recall dialogue must ask for something.")
    probe = Probe(last.turn, last.slot, last.kind, last.answer, kind, last.replaced)
    mentions = [(turn, fact.slot.key, fact.value) for turn, fact in writer.mentions]
    return FactDialogue(
        writer.turns,
        probe,
        writer.answer_turns,
        writer.filler_turns,
        writer.slipped,
        mentions,
        writer.told,
        writer.recalled,
        writer.unknown,
    )
