"""The recall curriculum: dialogues in which facts are told, and asked for later.

Every dialogue is drawn from one random.Random, so one seed gives one dialogue. Training draws
with several questions in a dialogue, at growing gaps; the exam fixes the gap and asks once.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from memory_app.core.facts.curriculum import train
from memory_app.core.facts.fact_sampler import Fillers, Plan
from memory_app.core.facts.language import Language, spoken
from memory_app.core.facts.slot_sets import SCOPES

EXAM_KINDS = ("single", "several", "update", "abstain", "mixed")
#: "chat" is for training alone.
KINDS = (*EXAM_KINDS, "chat")
# Most tell several facts: which word belongs to which question is what is hardest to learn.
_KIND_WEIGHTS = (0.06, 0.34, 0.08, 0.12, 0.12, 0.28)


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
    leave it out. slipped: bot turns that say something wrong, so none that answers or mentions.
    told, recalled, unknown: (turn, topic), a topic being a group of slots and a kind: told in a
    user's turn; asked for alone and answered, or never told, in the bot's turn that says so."""

    turns: list[tuple[str, str]]
    probe: Probe
    answer_turns: dict[int, float] = field(default_factory=dict)
    filler_turns: set[int] = field(default_factory=set)
    slipped: set[int] = field(default_factory=set)
    mentions: list[tuple[int, str, str]] = field(default_factory=list)
    told: list[tuple[int, tuple[str, str]]] = field(default_factory=list)
    recalled: list[tuple[int, tuple[str, str]]] = field(default_factory=list)
    unknown: list[tuple[int, tuple[str, str]]] = field(default_factory=list)


def examine(plan: Plan, kind: str, gap: int) -> None:
    """Exam form: tell, `gap` other exchanges, one question."""
    rng, writer = plan.rng, plan.writer
    if kind == "abstain":
        count = rng.choice((0, 0, 1, 1, 2))
        plan.tell_all(plan.facts(count), 0)
        slot, k = plan.unknown()
        writer.fill(gap)
        writer.ask_unknown(slot, k)
        return
    facts = plan.facts(rng.randint(3, 5) if kind in ("several", "mixed") else 1)
    plan.tell_all(facts, 0)
    asked = rng.choice(facts)
    if kind in ("update", "mixed"):
        writer.fill(1)
        asked = plan.correct(asked)
    writer.fill(gap)
    writer.ask(asked)


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
    language: Language | None = None,
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

    `loose` is the share of phrasings that are said in other words (TypingStyles.loosened).

    `slips` is the share of the bot's turns, in the training form, that say something wrong: what
    the user said holds nevertheless.

    `scope` "core" keeps to the facts that people tell first, "all" has every slot.
    All is said in `language`, or in English.

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
    plan = Plan(
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
        spoken(language),
    )
    if gap is None:
        train(plan, kind, max_gap)
    else:
        examine(plan, kind, gap)
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
