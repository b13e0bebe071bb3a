"""Chats of thirty messages that tell ten things of ten relations and ask for all ten, sampled.

What is told and asked comes from the recall exam's texts, which no curriculum has seen. Unlike the
exam, the bot's replies are its own, at the default sampling, and each chat goes on from them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from benchmarks.quality.scripted_chats import GREETINGS, TALK, Line, hold
from memory_app.core.evaluation.exam.chat import Fact, as_typed, draw_facts
from memory_app.core.evaluation.exam.texts import ExamTexts, exam_texts_of
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.facts.language import ENGLISH
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

THINGS, MESSAGES = 10, 30


def script(rng: random.Random, texts: ExamTexts) -> list[Line]:
    """One chat's lines, the user's alone: a greeting, ten things told among talk, ten questions."""
    facts = draw_facts(rng, texts.relations, THINGS)
    told = [Line(as_typed(rng, rng.choice(f.relation.tell).format(value=f.value))) for f in facts]
    talk = [Line(rng.choice(TALK)) for _ in range(MESSAGES - 2 * THINGS - 1)]
    places = set(rng.sample(range(THINGS + len(talk)), THINGS))
    between = [
        told.pop(0) if place in places else talk.pop() for place in range(THINGS + len(talk))
    ]
    asked: Sequence[Fact] = rng.sample(facts, THINGS)
    questions = [
        Line(as_typed(rng, rng.choice(f.relation.ask)), f.relation.key, f.value) for f in asked
    ]
    return [Line(rng.choice(GREETINGS)), *between, *questions]


def relation_chats(
    model: LanguageModel, tokenizer: Tokenizer, count: int = 100, seed: int = 11
) -> dict[str, Any]:
    """The share of what was told that is said back, and of chats that say back n of ten things.

    The interval takes questions of one chat as independent, which they are not quite.
    """
    texts = exam_texts_of(ENGLISH)
    if texts is None:
        raise RuntimeError("The exam has no English texts.")
    rng = random.Random(f"{seed}/relation chats")
    scripts = [script(rng, texts) for _ in range(count)]
    right: list[int] = []
    for lines, replies in zip(scripts, hold(model, tokenizer, scripts, seed), strict=True):
        asked = [pair for pair in zip(lines, replies, strict=True) if pair[0].topic]
        right.append(sum(line.is_right(reply) for line, reply in asked))
    questions = THINGS * count
    return {
        "chats": count,
        "questions": questions,
        "told": round(sum(right) / questions, 4),
        "told_interval": list(wilson(sum(right), questions)),
        "chats_by_right": {str(n): right.count(n) for n in range(THINGS + 1)},
    }
