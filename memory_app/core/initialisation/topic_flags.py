"""Units that say of each topic whether it was told, and whether it was asked for in vain or not.

Asked for a favourite colour after a favourite day was told, a model says the day: that something
of the kind was told it knows, not what. A topic is what one question is about (a name; a favourite
colour; a dog's name). Of the units of the last layer those that matter least become, for each
topic, a flag, an alarm and an assurance. A flag is set at the end of a message that tells its
topic, and never cleared. From the beginning of a reply to its end an alarm is up where its topic
was asked for and its flag isn't set, an assurance where it is: such a pair can't be seen by one
unit for all topics, since "asked for one and told another" is no sum. Alarms speak for an opening
that says that nothing is known, assurances against it: without them a reply that knows still begins
so one time in three, as much as the run's questions in vain have taught. Gates are regressions
(fit_gates.py); nothing holds the units to this afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.facts import FactDialogue
from memory_app.core.initialisation.fit_gates import fit, hear, layer_weights
from memory_app.core.messages import SentenceError
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

#: (group of slots, kind), as FactDialogue names topics; other pets than these share one.
TOPICS: tuple[tuple[str, str], ...] = (
    *((group, "") for group in ("name", "place", "job", "age", "number", "pet")),
    *(("pet", kind) for kind in ("dog", "cat", "other")),
    *(("count", kind) for kind in ("brothers", "sisters", "children", "siblings", "bikes")),
    *(("favourite", kind) for kind in ("colour", "food", "drink", "animal", "sport", "season")),
    *(("favourite", kind) for kind in ("kind of film", "music", "subject", "fruit", "flower")),
    *(("favourite", kind) for kind in ("day", "city")),
)
#: How many dialogues the gates are fitted on.
DIALOGUES = 3400
#: Of the tokens at which nothing is marked one in so many is looked at, and weighs as much.
EVERY = 14
RIDGE = 0.3
ITERATIONS = 60
#: How much surer than fitted a flag's input gate is, so that it isn't set drop by drop.
SURER = 1.2
#: Biases of what is written, of a gate that stays open, and of a forget gate that is 1 exactly: a
#: flag is never cleared, and what two float32 implementations round differently below 1 adds up.
SET, OPEN, KEPT = 3.0, 4.0, 30.0
#: What an alarm adds to the logit of each token that opens an abstention, and takes from others;
#: an assurance does the opposite.
GAIN, ASSURANCE_GAIN = 0.7, 0.8
ABSTAINING, ANSWERING = ("I",), ("Your", "You", "Yes", "If", "Of")

_PLACE = {topic: place for place, topic in enumerate(TOPICS)}


class FlagError(SentenceError):
    """Flags that the model has no room for; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A dialogue's ids [T]; told, recalled, unknown [T, topics]: the message that ends here told
    it; the reply that begins here says it, or that it isn't known."""

    ids: Tensor
    told: Tensor
    recalled: Tensor
    unknown: Tensor


@dataclass(frozen=True, slots=True)
class Listened:
    """What the last layer heard at N tokens: heard [N, I + H], ids [N], told, recalled and unknown
    [N, topics], weights [N] (how many tokens each stands for), dialogue [N] (its index)."""

    heard: Tensor
    ids: Tensor
    told: Tensor
    recalled: Tensor
    unknown: Tensor
    weights: Tensor
    dialogue: Tensor


def note(tokenizer: Tokenizer, dialogue: FactDialogue, limit: int = 700) -> Noted:
    """Mark where each topic was told, recalled, or asked for in vain, in `limit` tokens."""
    ids: list[int] = []
    begins: list[int] = []
    ends: list[int] = []
    for role, text in dialogue.turns:
        opening = tokenizer.user_id if role == "user" else tokenizer.bot_id
        begins.append(len(ids))
        ids += [opening, *tokenizer.encode(text), tokenizer.end_id]
        ends.append(len(ids) - 1)
    marks = []
    for topics, places in (
        (dialogue.told, ends),
        (dialogue.recalled, begins),
        (dialogue.unknown, begins),
    ):
        mark = torch.zeros(len(ids), len(TOPICS), dtype=torch.bool)
        for turn, topic in topics:
            if _place(topic) >= 0:
                mark[places[turn], _place(topic)] = True
        marks.append(mark[:limit])
    return Noted(torch.tensor(ids[:limit]), *marks)


def _place(topic: tuple[str, str]) -> int:
    if topic not in _PLACE and topic[0] == "pet":
        topic = ("pet", "other")
    return _PLACE.get(topic, -1)


@torch.no_grad()
def listen(model: LanguageModel, tokenizer: Tokenizer, dialogues: Sequence[Noted]) -> Listened:
    """Run the model over dialogues; keep turns' ends and beginnings, and some other tokens.

    Raises:
        FlagError: the model is no lstm of two layers or more with a projection.
    """
    config = model.config
    if not config.kind.has_gate_weights or config.num_layers < 2 or not config.has_projection:
        raise FlagError("told_flags requires an lstm with two or more layers and a projection.")
    special = torch.tensor([tokenizer.user_id, tokenizer.bot_id, tokenizer.end_id])
    parts: list[tuple[Tensor, ...]] = []
    for index, heard in hear(model, [dialogue.ids for dialogue in dialogues]):
        noted = dialogues[index]
        turning = torch.isin(noted.ids, special)
        keep = turning | (torch.arange(len(heard)) % EVERY == 0)
        weights = torch.where(turning, 1.0, float(EVERY))
        dialogue = torch.full_like(noted.ids, index)
        columns = (heard, noted.ids, noted.told, noted.recalled, noted.unknown, weights, dialogue)
        parts.append(tuple(column[keep] for column in columns))
    return Listened(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _shown(listened: Listened, writes: Tensor) -> Tensor:
    """What flags with input gates `writes` [N, topics] show, each before its token [N, topics]."""
    shown = torch.zeros_like(writes)
    cell = torch.zeros(writes.shape[1])
    dialogue = -1
    for token, (index, weight) in enumerate(zip(listened.dialogue, listened.weights, strict=True)):
        if int(index) != dialogue:
            cell, dialogue = torch.zeros_like(cell), int(index)
        shown[token] = cell
        cell = cell + weight * writes[token]
    ceiling = torch.tensor([SET]).tanh()
    return torch.tensor([OPEN]).sigmoid() * (ceiling * shown).tanh()


def _least(model: LanguageModel, listened: Listened, count: int) -> Tensor:
    """The `count` units [count] of the last layer that matter least.

    By the variance of their h times what the head and the layer itself make of it.
    """
    hidden = model.config.hidden_size
    if count > hidden:
        raise FlagError("told_flags requires hidden_size to be {count} or more.", count=count)
    variance = listened.heard[:, -hidden:].var(0)
    spoken = model.projection.weight.square().sum(0)
    fed_back = layer_weights(model, model.config.num_layers - 1)[1].square().sum(0)
    matters = variance * (spoken / spoken.mean() + fed_back / fed_back.mean())
    return matters.argsort()[:count].sort().values


@torch.no_grad()
def open_told_flags(model: LanguageModel, tokenizer: Tokenizer, listened: Listened) -> Tensor:
    """Make flags, alarms and assurances of the units that matter least, in place.

    Returns which [3 · topics], in this order.

    `listened` is what the model's own last layer hears. What the others heard of these units on
    average stays as a bias.

    Raises:
        FlagError: too few units.
    """
    hidden, topics = model.config.hidden_size, len(TOPICS)
    lower = listened.heard.shape[1] - hidden
    units = _least(model, listened, 3 * topics)
    flags, alarms, assurances = units.split(topics)
    average = listened.heard[:, lower:].mean(0)
    heard = listened.heard.clone()
    heard[:, lower + units] = 0
    opening = (listened.ids == tokenizer.user_id) | (listened.ids == tokenizer.bot_id)
    with torch.enable_grad():
        write = fit(heard, listened.told, listened.weights, RIDGE, ITERATIONS)
        write = (SURER * write[0], SURER * write[1])
        heard[:, lower + flags] = _shown(listened, (heard @ write[0].T + write[1]).sigmoid())
        raise_ = fit(heard, listened.unknown, listened.weights, RIDGE, ITERATIONS)
        assure = fit(heard, listened.recalled, listened.weights, RIDGE, ITERATIONS)
        heard[:, lower + flags] = 0
        fresh = fit(heard, opening[:, None], torch.ones(len(heard)), RIDGE)

    ih, hh, bias, other_bias = layer_weights(model, model.config.num_layers - 1)
    other_bias += hh[:, units] @ average[units]
    hh[:, units] = 0
    for tensor in (ih, hh, bias, other_bias):
        for part in tensor.chunk(4):
            part[units] = 0

    def gate(number: int, places: Tensor, fitted: tuple[Tensor, Tensor], sign: int = 1) -> None:
        ih.chunk(4)[number][places] = sign * fitted[0][:, :lower]
        hh.chunk(4)[number][places] = sign * fitted[0][:, lower:]
        bias.chunk(4)[number][places] = sign * fitted[1]

    gate(0, flags, write)
    gate(0, alarms, raise_)
    gate(0, assurances, assure)
    gate(1, alarms, fresh, sign=-1)
    gate(1, assurances, fresh, sign=-1)
    bias.chunk(4)[1][flags] = KEPT
    bias.chunk(4)[2][units] = SET
    bias.chunk(4)[3][units] = OPEN
    model.projection.weight[:, units] = 0
    voice = _voice(model, tokenizer)[:, None]
    model.projection.weight[:, alarms] = voice
    model.projection.weight[:, assurances] = -ASSURANCE_GAIN / GAIN * voice
    return units


def _voice(model: LanguageModel, tokenizer: Tokenizer) -> Tensor:
    """[embed]: the least vector that changes openings' logits as an alarm is to change them."""
    openings = [tokenizer.encode(f"{word} am")[0] for word in (*ABSTAINING, *ANSWERING)]
    wanted = torch.tensor([1.0] * len(ABSTAINING) + [-1.0] + [-0.5] * (len(ANSWERING) - 1))
    rows = model.head.weight[openings]
    gram = rows @ rows.T + 1e-3 * torch.eye(len(rows))
    # An alarm that is up shows tanh of 1: it has been raised once.
    return GAIN / 0.75 * rows.T @ torch.linalg.solve(gram, wanted)
