"""What a state knows: asked in training's words, the model's own answers are what is kept.

A topic is known where the model says a value that it wouldn't say from blank. Of several phrasings
most have to give the same value, and it must stand in what the person said: a guess, or a part of a
name, isn't remembered for good.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory_app.core.consolidation.streams import asked
from memory_app.core.consolidation.topics import Topic, named_in, topics_of, words
from memory_app.core.engine.ask import ask
from memory_app.core.engine.core import Engine
from memory_app.core.facts import Language, language_of
from memory_app.core.inspection.gauge import Weighed, weigh
from memory_app.core.inspection.gauge_value import memory_value, value_text
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State

REPLY_TOKENS = 20
#: The share of a topic's phrasings that have to give its value.
CONSISTENT = 0.5
Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """A value that a chat's state knows of a topic, with the replies that say it.

    asked: prompts up to where the reply begins, and the reply's ids without `<|end|>`; the first
    reply is the likeliest.
    """

    topic: str
    value: str
    asked: tuple[tuple[Ids, Ids], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types."""
        pairs = [[list(prompt), list(reply)] for prompt, reply in self.asked]
        return {"topic": self.topic, "value": self.value, "asked": pairs}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Memory:
        """The inverse of `to_dict`."""
        pairs = tuple((tuple(prompt), tuple(reply)) for prompt, reply in data["asked"])
        return cls(str(data["topic"]), str(data["value"]), pairs)


@dataclass(frozen=True, slots=True)
class _Said:
    """A reply to one phrasing, its value ("" for none) and ln p of the value's pieces, summed."""

    prompt: Ids
    reply: Ids
    value: str
    logprob: float


def rehearse(
    checkpoint: Checkpoint,
    engine: Engine,
    state: State,
    said: str | None = None,
    give_way: Callable[[], bool] = lambda: False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Memory]:
    """What a state (batch 1) knows, in the order of the topics.

    said: all that the person said in the chat; None where that isn't known (a mind file): then no
    value is compared with it. on_progress: the number of questions answered, of how many; what is
    known is then asked in all its phrasings, so the number of questions grows.

    Raises:
        ConsolidationError: there is no curriculum in the checkpoint's language.
        GaveWay: `give_way` said so.
    """
    topics: Sequence[Topic] = topics_of(checkpoint.model.config.language)
    language = language_of(checkpoint.model.config.language)
    if said is not None:
        topics = named_in(said, topics)
    tokenizer, blank = checkpoint.tokenizer, checkpoint.model.blank(1)
    prompts = [asked(tokenizer, topic.question) for topic in topics]
    first = ask(
        engine,
        [(start, prompt) for prompt in prompts for start in (state, blank)],
        max_tokens=REPLY_TOKENS,
        give_way=give_way,
        on_progress=on_progress,
    )
    told = [
        topic
        for topic, own, without in zip(topics, first[::2], first[1::2], strict=True)
        if own != without and not language.exam.abstains(tokenizer.decode(own))
    ]
    before = len(first)
    replies = _replies(
        checkpoint, engine, state, told, language, give_way,
        lambda done, total: on_progress(before + done, before + total),
    )  # fmt: skip
    spoken = None if said is None else set(words(said))
    found = [
        (topic, value, likely, kept)
        for topic, own in replies.items()
        if (agreed := _agreed(own, spoken)) is not None
        for value, likely, kept in (agreed,)
    ]
    return [
        Memory(topic.key, value, tuple((one.prompt, one.reply) for one in kept))
        for topic, value, likely, kept in found
        if not _said_of_another(topic, value, likely, found)
    ]


def _replies(
    checkpoint: Checkpoint,
    engine: Engine,
    state: State,
    topics: Sequence[Topic],
    language: Language,
    give_way: Callable[[], bool],
    on_progress: Callable[[int, int], None],
) -> dict[Topic, list[_Said]]:
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    pairs = [(topic, tuple(asked(tokenizer, q))) for topic in topics for q in topic.questions]
    replies = ask(
        engine,
        [(state, prompt) for _, prompt in pairs],
        max_tokens=REPLY_TOKENS,
        give_way=give_way,
        on_progress=on_progress,
    )
    whole = [(*reply, tokenizer.end_id) for reply in replies]
    blank = model.blank(1)
    weights = [
        weigh(
            model,
            [Weighed(s, prompt, r) for (_, prompt), r in zip(pairs, whole, strict=True)],
        )
        for s in (state, blank)
    ]
    found: dict[Topic, list[_Said]] = {topic: [] for topic in topics}
    for (topic, prompt), reply, own, without in zip(pairs, replies, *weights, strict=True):
        pieces = [tokenizer.bytes_of(token) for token in reply]
        abstains = language.exam.abstains(tokenizer.decode(reply))
        span = None if abstains else memory_value(pieces, own[:-1], without[:-1])
        start, stop = span or (0, 0)
        value = value_text(pieces[start:stop])
        found[topic].append(_Said(prompt, tuple(reply), value, math.fsum(own[start:stop])))
    return found


def _agreed(
    replies: Sequence[_Said], spoken: set[str] | None
) -> tuple[str, float, list[_Said]] | None:
    """The value that most phrasings give, how likely it is, and the replies with it."""
    votes: dict[str, list[_Said]] = defaultdict(list)
    for one in replies:
        own = words(one.value)
        if own and (spoken is None or spoken.issuperset(own)):
            votes[" ".join(own)].append(one)
    if not votes:
        return None
    most = max(votes.values(), key=lambda own: (len(own), sum(o.logprob for o in own)))
    if len(most) < CONSISTENT * len(replies):
        return None
    kept = sorted(most, key=lambda one: -one.logprob)
    likely = sum(math.exp(one.logprob) for one in kept) / len(replies)
    return kept[0].value, likely, kept


def _said_of_another(
    topic: Topic,
    value: str,
    likely: float,
    found: Sequence[tuple[Topic, str, float, list[_Said]]],
) -> bool:
    """Whether the same value is likelier of another thing: it was told once, of that."""
    return any(
        words(other_value) == words(value) and other.group != topic.group and other_likely > likely
        for other, other_value, other_likely, _ in found
    )
