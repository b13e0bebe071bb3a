"""Units of the last layer that begin as one place for each kind of fact.

An LSTM with one path for words that it copies (copy_path.py) says what it was told last: the next
fact goes over the one before. Here further units begin as banks, one for each group of kinds in
BANKS. A bank's input gate opens at a told value of its kinds and its forget gate shuts there, its
output gate opens where a reply is about to say one, and its cell holds a code of the word. Where
that is, the smaller parent knows already: each gate is a logistic regression from what the layer
hears (the layer below now, itself one token ago) to the positions in written fact dialogues whose
values are marked. The last unit of a bank is its flag: written as the others are, it says at all
times whether anything was, which a code can't that is seen only where it is asked for. Nothing
holds a bank to its kinds afterwards: it is an initial value, and the network is a plain LSTM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from memory_app.core.facts import FactDialogue
from memory_app.core.initialisation.copy_path import SPREAD
from memory_app.core.initialisation.fit_gates import fit, hear, layer_weights
from memory_app.core.messages import SentenceError
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

#: The kinds of facts (keys of slots) that share a bank.
BANKS: tuple[tuple[str, ...], ...] = (
    ("name",),
    ("home",),
    ("job",),
    ("pet_kind", "pet_name"),
    ("favourite",),
    ("age", "number", "count"),
)
#: How many dialogues the gates are fitted on.
DIALOGUES = 1600
#: Of the tokens that are no value one in so many is looked at, and weighs as much.
EVERY = 10
#: Weight of the squared coefficients beside the summed log loss.
RIDGE = 6.0
#: Logit that a word gets from its own code, gates open. Less than a copy path's: the banks begin
#: beside one that already says something.
GAIN = 12.0
#: How much surer than fitted the gates that write are, so that a bank isn't filled drop by drop.
SURER = 1.2
#: Biases of a flag: of what is written into it, and of its output gate, which stays open.
SET, SHOWN = 3.0, 4.0
#: Principal directions of the embedding that codes are drawn from.
DIRECTIONS = 128

_BANK_OF = {key: bank for bank, keys in enumerate(BANKS) for key in keys}


class BankError(SentenceError):
    """Banks that the model has no room for; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A dialogue's ids [T] and, for each token, a bank or -1.

    told: the token is part of a told value of that bank. begins: it is the value's first. said:
    the next token is part of a value that the bot says from memory.
    """

    ids: Tensor
    told: Tensor
    begins: Tensor
    said: Tensor


@dataclass(frozen=True, slots=True)
class Observed:
    """What the last layer heard at N tokens, and what they were.

    heard [N, I + H]: its input and its own h before. ids, told, begins, said [N] as in Marked.
    weights [N]: how many tokens each stands for.
    """

    heard: Tensor
    ids: Tensor
    told: Tensor
    begins: Tensor
    said: Tensor
    weights: Tensor


def mark(tokenizer: Tokenizer, dialogue: FactDialogue, limit: int = 700) -> Marked:
    """Find the values of a dialogue's facts among its tokens, at most `limit` of them."""
    values: dict[int, list[tuple[int, str]]] = {}
    for turn, key, value in dialogue.mentions:
        if key in _BANK_OF:
            values.setdefault(turn, []).append((_BANK_OF[key], value))
    ids: list[int] = []
    told: list[int] = []
    begins: list[int] = []
    said: list[int] = []
    for turn, (role, text) in enumerate(dialogue.turns):
        pieces = tokenizer.encode(text)
        banks, firsts = _banks(tokenizer, pieces, text, values.get(turn, []))
        nothing = [-1] * len(pieces)
        user = role == "user"
        ids += [tokenizer.user_id if user else tokenizer.bot_id, *pieces, tokenizer.end_id]
        told += [-1, *(banks if user else nothing), -1]
        begins += [-1, *(firsts if user else nothing), -1]
        # A value is about to be said one token before it stands there.
        said += [*(nothing if user else banks), -1, -1]
    return Marked(*(torch.tensor(marks[:limit]) for marks in (ids, told, begins, said)))


def _banks(
    tokenizer: Tokenizer, pieces: Sequence[int], text: str, values: Sequence[tuple[int, str]]
) -> tuple[list[int], list[int]]:
    """The bank of each piece that is part of a value, and of those that are its first."""
    banks, firsts = [-1] * len(pieces), [-1] * len(pieces)
    low = text.encode().lower()
    ends: list[int] = []
    for piece in pieces:
        ends.append((ends[-1] if ends else 0) + len(tokenizer.bytes_of(piece)))
    for bank, value in values:
        found = _whole_word(low, value.encode().lower())
        if found is None:
            continue
        start, stop = found
        # A space before the value belongs to the value's piece, or is a piece of its own.
        inside = [
            at
            for at, end in enumerate(ends)
            if end > start and end - len(tokenizer.bytes_of(pieces[at])) < stop
        ]
        for place, at in enumerate(inside):
            banks[at] = bank
            if place == 0:
                firsts[at] = bank
    return banks, firsts


def _whole_word(text: bytes, word: bytes) -> tuple[int, int] | None:
    start = text.find(word)
    while start >= 0:
        stop = start + len(word)
        before, after = text[start - 1 : start], text[stop : stop + 1]
        if not before.isalnum() and not after.isalnum():
            return start, stop
        start = text.find(word, start + 1)
    return None


@torch.no_grad()
def observe(
    model: LanguageModel, dialogues: Sequence[Marked], every: int = EVERY, rows: int = 32
) -> Observed:
    """Run the model over dialogues and keep what its last layer hears at values, and elsewhere.

    Of the tokens that neither tell nor say a value every `every`-th is kept.

    Raises:
        BankError: the model is no lstm of two layers or more.
    """
    if not model.cell.has_gate_weights or model.config.num_layers < 2:
        raise BankError("Fact banks need an lstm with two or more layers.")
    kept: list[Tensor] = []
    marks: list[Tensor] = []
    for index, heard in hear(model, [dialogue.ids for dialogue in dialogues], rows):
        dialogue = dialogues[index]
        counted = torch.arange(len(heard)) % every == 0
        keep = counted | (dialogue.told >= 0) | (dialogue.said >= 0)
        kept.append(heard[keep])
        columns = (dialogue.ids, dialogue.told, dialogue.begins, dialogue.said)
        marks.append(torch.stack(columns)[:, keep])
    ids, told, begins, said = torch.cat(marks, 1)
    weights = torch.where((told < 0) & (said < 0), float(every), 1.0)
    return Observed(torch.cat(kept), ids, told, begins, said, weights)


def _gates(observed: Observed, marks: Tensor) -> tuple[Tensor, Tensor]:
    """One gate a bank: is `marks` [N] this bank here?"""
    is_bank = nn.functional.one_hot(marks + 1, len(BANKS) + 1)[:, 1:]
    return fit(observed.heard, is_bank, observed.weights, RIDGE)


def open_fact_banks(
    model: LanguageModel, parent: LanguageModel, observed: Observed, units: int
) -> None:
    """Rewrite the last `len(BANKS) * units` units of `model`'s last layer as banks, in place.

    `model` is `parent` with that many more hidden units (transfer.take_over), and `observed` what
    the parent's last layer hears. A bank has `units - 1` units for a code, and its flag. The code
    of a word is tanh of SPREAD times a random rotation of its first principal directions, each of
    unit variance; what the layer below says of the word just read is found by least squares.
    Rotations are drawn from torch's generator.

    Raises:
        BankError: no room for the banks, or codes longer than the embedding has directions.
    """
    banks, width = len(BANKS), parent.config.hidden_size
    if model.config.hidden_size != width + banks * units:
        raise BankError("bank_units requires hidden_size to be {size}.", size=width + banks * units)
    directions = min(DIRECTIONS, model.config.embedding_dim)
    if not 2 <= units <= directions:
        raise BankError("bank_units must be from 2 to {most}.", most=directions)
    writes = _gates(observed, observed.told)
    clears = _gates(observed, observed.begins)
    says = _gates(observed, observed.said)
    with torch.no_grad():
        encode, decode = _codes(parent, observed, directions)
        weights = layer_weights(model, model.config.num_layers - 1)
        for bank in range(banks):
            first, flag = width + bank * units, width + (bank + 1) * units - 1
            rows, coded = slice(first, flag + 1), slice(first, flag)
            rotation = torch.linalg.qr(torch.randn(directions, directions)).Q[: units - 1]
            code = SPREAD * rotation @ encode  # (units - 1, I + 1)
            for tensor in weights:
                for gate in tensor.chunk(4):
                    gate[rows] = 0
            for number, places, coefficients, intercept in (
                (0, rows, SURER * writes[0][bank], SURER * writes[1][bank]),
                (1, rows, -SURER * clears[0][bank], -SURER * clears[1][bank]),
                (3, coded, says[0][bank], says[1][bank]),
            ):
                ih, hh, bias, _ = (tensor.chunk(4)[number] for tensor in weights)
                ih[places, :width], hh[places, :width] = coefficients.split(width)
                bias[places] = intercept
            inputs, biases = weights[0].chunk(4), weights[2].chunk(4)
            inputs[2][coded, :width] = code[:, :-1]
            biases[2][coded], biases[2][flag] = code[:, -1], SET
            biases[3][flag] = SHOWN
            projection = model.projection.weight
            projection[:, coded] = GAIN / ((units - 1) * SPREAD) * (rotation @ decode).T
            projection[:, flag] = 0


def _codes(parent: LanguageModel, observed: Observed, directions: int) -> tuple[Tensor, Tensor]:
    """Maps from the layer below to a word's coordinates, and from those to the head.

    Returns (encode [directions, I + 1], the last column an intercept; decode [directions, embed]).
    """
    embedding = parent.embedding.weight
    centred = embedding - embedding.mean(0)
    _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
    sigma = singular[:directions] / len(embedding) ** 0.5
    coordinates = (centred @ axes[:directions].T) / sigma
    lower = observed.heard[:, : parent.config.hidden_size]
    lower = torch.cat([lower, torch.ones(len(lower), 1)], 1)
    # A word counts by the root of how often it stood there: rare ones are to be told, too.
    often = torch.bincount(observed.ids, minlength=len(embedding)).float()
    weighted = lower / often[observed.ids].sqrt()[:, None]
    gram = lower.T @ weighted
    gram += 1e-3 * gram.diagonal().mean() * torch.eye(len(gram))
    encode = torch.linalg.solve(gram, weighted.T @ coordinates[observed.ids])
    return encode.T, axes[:directions] / sigma[:, None]
