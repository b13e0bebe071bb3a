"""The exam of consolidation: what is known from the state, and what from the weights alone.

A: asked from the chat's final state. B: from a blank state with the adapter. B later: after two
other exchanges. C: from a blank state without it. D: with the adapter, after 2,000 tokens of other
talk. Questions are of the phrasings that training and rehearsal never contain.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.nn import functional

from memory_app.core.consolidation.fit import Settings, fit
from memory_app.core.consolidation.rehearsal import Memory, rehearse
from memory_app.core.consolidation.statistics import Statistics
from memory_app.core.consolidation.streams import (
    asked,
    exchanges_of,
    state_after,
    turn_ids,
)
from memory_app.core.consolidation.topics import Topic, plan_of, topics_of
from memory_app.core.engine.ask import ask
from memory_app.core.engine.core import Engine
from memory_app.core.evaluation.recall import contains_value
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.facts import Language, language_of
from memory_app.core.facts.distractors import own_exchanges, own_fillers
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling

SEED = 20260
FACTS, UNTOLD, RETOLD = 5, 4, 2
LATER = 2
DISTRACTORS = 2_000
#: Chats that are put into one adapter.
TOGETHER = 5
REPLY_TOKENS = 24
#: Exchanges of a dialogue that bits per byte are measured on where there are no others.
EXCHANGES = 4

Exchanges = list[tuple[str, str]]
Dialogue = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ScriptedChat:
    """told: all exchanges. asked: (question, value). untold: questions for what wasn't told.
    retold: (exchanges of a fresh chat, question, the new value, the old one)."""

    told: Exchanges
    asked: list[tuple[str, str]]
    untold: list[str]
    retold: list[tuple[Exchanges, str, str, str]]

    @property
    def said(self) -> str:
        """What the person said."""
        return "\n".join(user for user, _ in self.told)


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: from which state, with which adapter, and the value that is right."""

    state: State
    prompt: list[int]
    adapter: Adapter | None
    value: str = ""


def draw_chat(rng: random.Random, language: Language) -> ScriptedChat:
    """A chat that tells five facts among other exchanges, and what is asked afterwards."""
    plan = _exam_plan(rng, language)
    writer = plan.writer
    facts = plan.facts(FACTS)
    plan.tell_all(facts, 1)
    writer.fill(1)
    told = exchanges_of(writer.turns)
    writer.held_out_phrasings = True
    questions = []
    for fact in facts:
        writer.ask(fact)
        questions.append((writer.turns[-2][1], fact.value))
    untold = []
    for _ in range(UNTOLD):
        writer.ask_unknown(*plan.unknown())
        untold.append(writer.turns[-2][1])
    retold = []
    for fact in rng.sample(facts, RETOLD):
        fresh = _exam_plan(rng, language)
        new = fresh.fact(fact.slot, fact.kind, other_than=fact.value)
        while new.value.lower() in fact.value.lower() or fact.value.lower() in new.value.lower():
            new = fresh.fact(fact.slot, fact.kind, other_than=fact.value)
        fresh.writer.reserve(new)
        fresh.writer.tell([new])
        fresh.writer.fill(1)
        exchanges = exchanges_of(fresh.writer.turns)
        fresh.writer.held_out_phrasings = True
        fresh.writer.ask(new)
        retold.append((exchanges, fresh.writer.turns[-2][1], new.value, fact.value))
    return ScriptedChat(told, questions, untold, retold)


def _exam_plan(rng: random.Random, language: Language) -> Any:
    plan = plan_of(rng, language)
    plan.writer.fillers = lambda drawn, count: own_fillers(drawn, count, language)
    return plan


def evaluate_consolidation(
    checkpoint: Checkpoint,
    engine: Engine,
    statistics: Statistics,
    n: int,
    *,
    seed: int = SEED,
    sources: Mapping[str, Iterable[Dialogue]] | None = None,
    settings: Settings | None = None,
    on_chat: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """The "consolidation" object of the evaluation: n scripted chats, greedily, and in `sampled` at
    the default settings. Shares of right replies; B, B later and D as parts of A.

    Raises:
        ConsolidationError: there is no curriculum in the checkpoint's language.
        ValueError: n below 1.
    """
    if n < 1:
        raise ValueError("n must be at least 1.")
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    language = language_of(model.config.language)
    chats = [draw_chat(random.Random(f"{seed}/chat {number}"), language) for number in range(n)]
    known: list[list[Memory]] = []
    states: list[State] = []
    adapters: list[Adapter | None] = []
    seconds = 0.0
    for number, chat in enumerate(chats):
        began = time.process_time()
        states.append(state_after(model, turn_ids(tokenizer, chat.told)))
        known.append(rehearse(checkpoint, engine, states[-1], chat.said))
        adapters.append(fit(checkpoint, engine, statistics, {"chat": known[-1]}, settings))
        seconds += time.process_time() - began
        on_chat(number + 1, n)
    groups = [list(range(first, min(first + TOGETHER, n))) for first in range(0, n, TOGETHER)]
    together = {
        number: adapter
        for own in groups
        for adapter in (_together(checkpoint, engine, statistics, known, own, settings),)
        for number in own
    }
    probes = _probes(checkpoint, language, chats, states, adapters, together, seed)
    result: dict[str, Any] = {}
    for sampled in (False, True):
        shares = _shares(engine, checkpoint, language, probes, sampled, seed)
        if sampled:
            result["sampled"] = shares
        else:
            result |= shares
    measured = _measured(checkpoint, language, sources)
    plain = _bits(checkpoint, measured, None)
    changes = [
        _bits(checkpoint, measured, adapter) / plain - 1 for adapter in adapters[: max(1, n // 5)]
    ]
    sizes = [len(adapter.data) for adapter in adapters if adapter is not None]
    return result | {
        "bits_per_byte_change": round(sum(changes) / len(changes), 5),
        "seconds": round(seconds / n, 2),
        "bytes": max(sizes, default=0),
        "n": n,
    }


def _together(
    checkpoint: Checkpoint,
    engine: Engine,
    statistics: Statistics,
    known: Sequence[Sequence[Memory]],
    own: Sequence[int],
    settings: Settings | None,
) -> Adapter | None:
    chats = {f"chat {number}": known[number] for number in own}
    return fit(checkpoint, engine, statistics, chats, settings)


def _probes(
    checkpoint: Checkpoint,
    language: Language,
    chats: Sequence[ScriptedChat],
    states: Sequence[State],
    adapters: Sequence[Adapter | None],
    together: Mapping[int, Adapter | None],
    seed: int,
) -> dict[str, list[Probe]]:
    """The questions of every condition.

    Of five chats in one adapter those facts are asked that no later one of them tells otherwise.
    """
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    probes: dict[str, list[Probe]] = {
        name: []
        for name in ("A", "B", "B_later", "C", "D", "refused", "new", "new_base", "old", "five",
                     "five_A")
    }  # fmt: skip
    blank, code = model.blank(1), model.config.language
    for number, (chat, state, adapter) in enumerate(zip(chats, states, adapters, strict=True)):
        rng = random.Random(f"{seed}/distractors {number}")
        later = state_after(model, turn_ids(tokenizer, own_fillers(rng, LATER, language)))
        far = distracted(checkpoint, rng)
        last = number - number % TOGETHER + TOGETHER
        for question, value in chat.asked:
            prompt = asked(tokenizer, question)
            starts = {
                "A": (state, None), "B": (blank, adapter), "B_later": (later, adapter),
                "C": (blank, None), "D": (far, adapter),
            }  # fmt: skip
            for name, (start, own) in starts.items():
                probes[name].append(Probe(start, prompt, own, value))
            others = [q for other in chats[number + 1 : last] for q, _ in other.asked]
            if not any(_things(question, code) & _things(other, code) for other in others):
                probes["five_A"].append(Probe(state, prompt, None, value))
                probes["five"].append(Probe(blank, prompt, together[number], value))
        for question in chat.untold:
            probes["refused"].append(Probe(blank, asked(tokenizer, question), adapter))
        for exchanges, question, new, old in chat.retold:
            told = state_after(model, turn_ids(tokenizer, exchanges))
            prompt = asked(tokenizer, question)
            probes["new_base"].append(Probe(told, prompt, None, new))
            probes["new"].append(Probe(told, prompt, adapter, new))
            probes["old"].append(Probe(told, prompt, adapter, old))
    return probes


@cache
def _asks(code: str) -> tuple[tuple[str, tuple[str, str]], ...]:
    return tuple(
        (text.format(k=topic.kind).casefold(), topic.group)
        for topic in topics_of(code)
        for text in (*topic.slot.held_ask, topic.slot.noun)
    )


def _things(question: str, code: str) -> set[tuple[str, str]]:
    """The groups of the topics that a question of the exam may ask for."""
    text = question.casefold()
    return {group for asked_for, group in _asks(code) if asked_for in text}


def distracted(checkpoint: Checkpoint, rng: random.Random) -> State:
    """The state after 2,000 tokens of other exchanges from blank."""
    language = language_of(checkpoint.model.config.language)
    ids: list[int] = []
    while len(ids) < DISTRACTORS:
        ids += turn_ids(checkpoint.tokenizer, own_fillers(rng, 50, language))
    return state_after(checkpoint.model, ids[:DISTRACTORS])


def _shares(
    engine: Engine,
    checkpoint: Checkpoint,
    language: Language,
    probes: Mapping[str, Sequence[Probe]],
    sampled: bool,
    seed: int,
) -> dict[str, Any]:
    flat = [probe for own in probes.values() for probe in own]
    samplings = [Sampling(seed=seed + place, max_tokens=REPLY_TOKENS) for place in range(len(flat))]
    ids = ask(
        engine,
        [(probe.state, probe.prompt) for probe in flat],
        max_tokens=REPLY_TOKENS,
        adapters=[probe.adapter for probe in flat],
        samplings=samplings if sampled else None,
    )
    replies = iter([checkpoint.tokenizer.decode(reply) for reply in ids])
    right: dict[str, list[bool]] = {}
    for name, own in probes.items():
        right[name] = [
            contains_value(text, probe.value, language)
            if probe.value
            else language.exam.abstains(text)
            for probe, text in zip(own, replies, strict=False)
        ]
    count = {name: sum(own) for name, own in right.items()}
    base = max(1, count["A"])
    told = [new for new, alone in zip(right["new"], right["new_base"], strict=True) if alone]
    wins = sum(told)

    def share(name: str) -> float:
        return round(count[name] / max(1, len(right[name])), 4)

    return {
        **{name: share(name) for name in ("A", "B", "B_later", "C", "D")},
        "B_over_A": round(count["B"] / base, 4),
        "B_later_over_A": round(count["B_later"] / base, 4),
        "D_over_A": round(count["D"] / base, 4),
        "refused": share("refused"),
        "new_wins": round(wins / max(1, len(told)), 4),
        "old_said": share("old"),
        "five_chats": round(count["five"] / max(1, count["five_A"]), 4),
        "intervals": {
            name: [round(bound, 4) for bound in wilson(count[name], max(1, len(right[name])))]
            for name in ("A", "B", "B_later", "D", "refused")
        },
    }


Measured = tuple[torch.Tensor, torch.Tensor, int]


def _measured(
    checkpoint: Checkpoint,
    language: Language,
    sources: Mapping[str, Iterable[Dialogue]] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Measured]:
    """Of each source the outputs at its replies' tokens, these tokens, and the bytes of the text.

    Without sources the project's own exchanges, which neither training nor rehearsal contains.
    """
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    if sources:
        named = [[exchanges_of(dialogue) for dialogue in own] for own in sources.values()]
    else:
        pairs = own_exchanges(language)
        named = [[list(pairs[at : at + EXCHANGES]) for at in range(0, len(pairs), EXCHANGES)]]
    measured = []
    for dialogues in named:
        outputs, said, size = [], [], 0
        for number, exchanges in enumerate(dialogues, 1):
            ids: list[int] = []
            at: list[int] = []
            for user, bot in exchanges:
                ids += asked(tokenizer, user)
                reply = [*tokenizer.encode(bot), tokenizer.end_id]
                at += range(len(ids) - 1, len(ids) + len(reply) - 1)
                ids += reply
                said += reply
                size += len(bot.encode())
            if ids:
                with torch.inference_mode():
                    outputs.append(model.hidden(torch.tensor([ids]))[0][0, at])
            on_progress(number, len(dialogues))
        if outputs:
            measured.append((torch.cat(outputs), torch.tensor(said), size))
    return measured


@torch.inference_mode()
def _bits(checkpoint: Checkpoint, measured: Sequence[Measured], adapter: Adapter | None) -> float:
    nats, size = 0.0, 0
    for outputs, said, own in measured:
        for part, tokens in zip(outputs.split(2048), said.split(2048), strict=True):
            logits = checkpoint.model.logits(part, adapter)
            nats += float(functional.cross_entropy(logits, tokens, reduction="sum"))
        size += own
    return nats / math.log(2) / max(1, size)


def personal_exam(
    checkpoint: Checkpoint,
    engine: Engine,
    memories: Sequence[Memory],
    state: State,
    adapter: Adapter | None,
    give_way: Callable[[], bool] = lambda: False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, dict[str, Any]]:
    """Before and after, on a person's own facts: {"before": {A, B}, "after": {A, B, B_later, D,
    refused, bits_per_byte_change}}. on_progress: the number of texts read, of how many; these take
    most of the time.

    Raises:
        GaveWay: `give_way` said so.
    """
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    language = language_of(model.config.language)
    topics: Mapping[str, Topic] = {topic.key: topic for topic in topics_of(model.config.language)}
    rng = random.Random(f"{SEED}/personal")
    blank = model.blank(1)
    later = state_after(model, turn_ids(tokenizer, own_fillers(rng, LATER, language)))
    far = distracted(checkpoint, rng)
    known = {topics[memory.topic].group for memory in memories}
    untold = [topic for topic in topics.values() if topic.group not in known]
    untold = rng.sample(untold, min(12, len(untold)))
    conditions: dict[str, tuple[State, Adapter | None]] = {
        "A": (state, None),
        "C": (blank, None),
        "A_after": (state, adapter),
        "B": (blank, adapter),
        "B_later": (later, adapter),
        "D": (far, adapter),
    }
    probes = [
        Probe(start, asked(tokenizer, question), own, memory.value)
        for start, own in conditions.values()
        for memory in memories
        for question in topics[memory.topic].held_out
    ]
    refused = [
        Probe(blank, asked(tokenizer, question), adapter)
        for topic in untold
        for question in topic.held_out
    ]
    replies = ask(
        engine,
        [(probe.state, probe.prompt) for probe in (*probes, *refused)],
        max_tokens=REPLY_TOKENS,
        adapters=[probe.adapter for probe in (*probes, *refused)],
        give_way=give_way,
    )
    texts = [tokenizer.decode(reply) for reply in replies]
    right = [
        contains_value(text, probe.value, language)
        for probe, text in zip(probes, texts, strict=False)
    ]
    each = len(probes) // len(conditions)
    share = {
        name: round(sum(right[at * each : (at + 1) * each]) / max(1, each), 4)
        for at, name in enumerate(conditions)
    }
    abstained = [language.exam.abstains(text) for text in texts[len(probes) :]]
    measured = _measured(checkpoint, language, on_progress=on_progress)
    change = _bits(checkpoint, measured, adapter) / _bits(checkpoint, measured, None) - 1
    return {
        "before": {"A": share["A"], "B": share["C"]},
        "after": {
            "A": share["A_after"],
            "B": share["B"],
            "B_later": share["B_later"],
            "D": share["D"],
            "refused": round(sum(abstained) / max(1, len(abstained)), 4),
            "bits_per_byte_change": round(change, 5),
        },
    }
