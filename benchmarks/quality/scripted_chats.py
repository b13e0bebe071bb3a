"""Scripted chats at the default sampling: does what was told come back, and is the rest refused?

The exam asks once, greedily, after few facts. A visitor tells six things and more, now and then two
in one message, asks between them, moves house, and gets sampled replies, each of which the model's
state carries on. Every chat tells each topic once in its own order, corrects one of them, and asks
for all of them at the end.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memory_app.core.evaluation.decode_greedy import feed
from memory_app.core.evaluation.decode_sampled import sampled_ids, seeded
from memory_app.core.evaluation.recall import abstains, contains_value
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling
from memory_app.core.text.tokenizer import Tokenizer

VALUES = {
    "name": ("Clara", "Tom", "Anna", "Peter", "Maria", "Sam"),
    "dog": ("Rex", "Bella", "Max", "Luna", "Bruno", "Daisy"),
    "colour": ("green", "blue", "red", "yellow", "purple", "orange"),
    "home": ("Paris", "Oslo", "Berlin", "London", "Madrid", "Boston"),
    "job": ("teacher", "nurse", "painter", "farmer", "lawyer", "baker"),
    "music": ("jazz", "rock", "blues", "techno", "opera", "reggae"),
}
TELLS = {
    "name": ("My name is {}.", "Hi, I am {}.", "I'm {}."),
    "dog": ("I have a dog called {}.", "My dog's name is {}.", "My dog is called {}."),
    "colour": ("My favourite colour is {}.", "My favorite color is {}."),
    "home": ("I live in {}.",),
    "job": ("I work as a {}.", "I am a {}."),
    "music": ("My favourite music is {}.", "The music I like best is {}."),
}
ASKS = {
    "name": ("What is my name?", "Do you remember my name?", "What am I called?"),
    "dog": ("What is my dog's name?", "What is my dog called?", "Do you know the name of my dog?"),
    "colour": ("What is my favourite colour?", "What colour do I like best?"),
    "home": ("Where do I live?", "Do you remember where I live?"),
    "job": ("What is my job?", "What do I do for a living?"),
    "music": ("What is my favourite music?", "What music do I like best?"),
}
NEW_HOMES = ("London", "Madrid", "Rome", "Dublin", "Vienna", "Chicago")
MOVES = ("I moved. I live in {} now.", "Actually, I live in {}.", "I have moved to {}.")
UNTOLD = (
    "How old am I?",
    "What is my favourite food?",
    "What is my cat's name?",
    "What is my favourite sport?",
)
GREETINGS = ("Hello!", "How are you today?")
TALK = (
    "Do you like music?",
    "It is cold here today.",
    "I want to watch a film tonight.",
    "What did you do today?",
    "I like to go for a walk.",
    "Who are you?",
    "Can you be wrong?",
    "That is nice.",
    "I love to cook.",
    "Thanks!",
)
#: How often a message tells two things, and how they are joined.
TWO_TOLD = 0.3
JOINED = ("{} and {}.", "{}, and {}.", "{}. {}.")
#: How often it begins with what answers the bot, and with what.
ANSWERED, ANSWERING = 0.15, ("I'm fine, thanks.", "Yes, I do.", "Right!", "Not much.")
#: After so many topics a question is put for something that wasn't told.
ASKED_IN_VAIN_AFTER = 4
UNTOLD_TOPIC = "untold"
MAX_TOKENS = 40


@dataclass(frozen=True, slots=True)
class Line:
    """What is said, and of a question its topic and its answer ("" where nothing was told)."""

    said: str
    topic: str = ""
    answer: str = ""

    def is_right(self, reply: str) -> bool:
        """Whether the reply to this question names the answer, or says that it doesn't know."""
        return contains_value(reply, self.answer) if self.answer else abstains(reply)


def telling(rng: random.Random, facts: Sequence[tuple[str, str]]) -> str:
    """One message that tells one or two (topic, value)."""
    clauses = [rng.choice(TELLS[topic]).format(value) for topic, value in facts]
    if len(clauses) == 2:
        # "and hi, I am Tom" nobody says.
        second = TELLS[facts[1][0]][0].format(facts[1][1]).removesuffix(".")
        form = rng.choice(JOINED)
        if "and" in form and not second.startswith("I "):
            second = second[0].lower() + second[1:]
        text = form.format(clauses[0].removesuffix("."), second)
    else:
        (text,) = clauses
    return f"{rng.choice(ANSWERING)} {text}" if rng.random() < ANSWERED else text


def script(rng: random.Random) -> list[Line]:
    """One chat's lines, the user's alone."""
    value = {topic: rng.choice(values) for topic, values in VALUES.items()}
    topics = list(VALUES)
    rng.shuffle(topics)

    def ask(topic: str) -> Line:
        return Line(rng.choice(ASKS[topic]), topic, value[topic])

    lines = [Line(rng.choice(GREETINGS))]
    in_vain = rng.sample(UNTOLD, 2)
    told = 0
    while told < len(topics):
        together = topics[told : told + (2 if rng.random() < TWO_TOLD else 1)]
        lines.append(Line(telling(rng, [(topic, value[topic]) for topic in together])))
        asked_in_vain = told < ASKED_IN_VAIN_AFTER <= told + len(together)
        told += len(together)
        if rng.random() < 0.6:
            lines.append(Line(rng.choice(TALK)))
        if rng.random() < 0.5:
            lines.append(ask(rng.choice(topics[:told])))
        if asked_in_vain:
            lines.append(Line(in_vain[0], UNTOLD_TOPIC))
    value["home"] = rng.choice([home for home in NEW_HOMES if home != value["home"]])
    lines += [Line(rng.choice(MOVES).format(value["home"])), Line(rng.choice(TALK)), ask("home")]
    rng.shuffle(topics)
    lines += map(ask, topics)
    return [*lines, Line(in_vain[1], UNTOLD_TOPIC)]


def hold(
    model: LanguageModel, tokenizer: Tokenizer, scripts: Sequence[Sequence[Line]], seed: int
) -> list[list[str]]:
    """The replies to each script's lines, at the default sampling, the chats side by side.

    As on the site each chat goes on from its state alone, which a turn's canonical replay leaves.
    """
    states = [model.blank(1) for _ in scripts]
    replies: list[list[str]] = [[] for _ in scripts]
    for turn in range(max(map(len, scripts))):
        live = [chat for chat, lines in enumerate(scripts) if turn < len(lines)]
        texts = [tokenizer.encode(scripts[chat][turn].said) for chat in live]
        before = State.cat([states[chat] for chat in live])
        prompts = [tokenizer.prompt_ids(text) for text in texts]
        first = 1_000_003 * seed + 1000 * turn
        samplings = seeded(Sampling(max_tokens=MAX_TOKENS), first, len(live))
        found = sampled_ids(model, tokenizer, prompts, samplings, before)
        turns = [tokenizer.turn_ids(text, ids) for text, ids in zip(texts, found, strict=True)]
        _, after = feed(model, turns, before)
        for row, (chat, ids) in enumerate(zip(live, found, strict=True)):
            states[chat] = after.select(row)
            replies[chat].append(tokenizer.decode(ids))
    return replies


def chats(
    model: LanguageModel, tokenizer: Tokenizer, count: int = 100, seed: int = 7
) -> dict[str, Any]:
    """Shares of right replies to what was told, by topic too, and of refusals for what wasn't."""
    rng = random.Random(f"{seed}/chats")
    scripts = [script(rng) for _ in range(count)]
    right: dict[str, list[bool]] = defaultdict(list)
    for lines, replies in zip(scripts, hold(model, tokenizer, scripts, seed), strict=True):
        for line, reply in zip(lines, replies, strict=True):
            if line.topic:
                right[line.topic].append(line.is_right(reply))
    untold = right.pop(UNTOLD_TOPIC)
    told = [ok for topic in right.values() for ok in topic]
    return {
        "chats": count,
        "questions": len(told),
        "told": _share(told),
        "told_interval": list(wilson(sum(told), len(told))),
        "by_topic": {topic: _share(found) for topic, found in sorted(right.items())},
        "untold": _share(untold),
        "untold_interval": list(wilson(sum(untold), len(untold))),
    }


def _share(found: Sequence[bool]) -> float:
    return round(sum(found) / len(found), 4)
