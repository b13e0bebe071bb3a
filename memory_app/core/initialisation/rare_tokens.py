"""Pieces that training hardly ever meets, kept as far apart as all the others.

The loss pushes every piece that isn't said away from what is said. One that is never said gets that
push and no other, and Adam makes full steps of the smallest push: after some thousand steps such
pieces lie in one heap ("representation degeneration", Gao et al. 2019), where a name that was told
can't be told from any other in the heap. So those that begin a word begin anew among the others,
and stay there. What is only ever the rest of a word is left in the heap: nobody is called so, and
among the others it would be said by mistake.

Words that are met a little more often lie apart, but near to the middle: a word's own logit grows
with the square of its length, others' with the length alone, so that a short one is said least
surely. They stay where they are, too, and all that stay are made longer than most others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from memory_app.core.data.dialogues import Source
from memory_app.core.data.word_tokens import one_piece_words, word_of
from memory_app.core.facts import language_of, trained_values
from memory_app.core.facts.sample_texts import fact_texts
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer

#: Words met fewer times than so many times `redraw_below` are seldom met.
SELDOM = 10
#: How far from the others' mean what stays lies at least, as a multiple of the others' median.
LENGTH = 1.2
#: Dialogues and exchanges drawn to see which pieces the generator's wording takes.
WORDING = 1000


def place_rare(
    model: LanguageModel,
    sources: Sequence[Source],
    settings: TrainingSettings,
    tokenizer: Tokenizer,
) -> Tensor:
    """Put the embeddings of rare pieces where they can be told apart; which are to stay there.

    Returns bool [vocab]: those drawn anew, or kept as the settings say, and words seldom met.
    """
    counts = count_pieces(sources, settings, tokenizer)
    rare = (counts < settings.initialisation.redraw_below) & begin_words(tokenizer)
    if settings.initialisation.rare_pieces == "new":
        redraw(model, rare, counts, settings.optimisation.seed)
    parked = rare | seldom_words(tokenizer, counts, SELDOM * settings.initialisation.redraw_below)
    lengthen(model, parked)
    return parked


def count_pieces(
    sources: Sequence[Source], settings: TrainingSettings, tokenizer: Tokenizer
) -> Tensor:
    """How often each piece comes up in what the run may learn from, int64 [vocab].

    The corpora are counted once through; what the generator tells or says, and what no text holds
    (control tokens), counts as met often.
    """
    counts = torch.zeros(tokenizer.vocab_size, dtype=torch.int64)
    for source in sources:
        texts = [text for dialogue in source.train for _, text in dialogue]
        for start in range(0, len(texts), 10_000):
            ids = [i for row in tokenizer.encode_many(texts[start : start + 10_000]) for i in row]
            counts += torch.bincount(torch.tensor(ids), minlength=len(counts))
    often = sorted(tokenizer.special_ids)
    for row in tokenizer.encode_many(list(_generated(settings, tokenizer))):
        often.extend(row)
    counts[often] = torch.iinfo(torch.int64).max
    return counts


def _generated(settings: TrainingSettings, tokenizer: Tokenizer) -> Iterator[str]:
    rng, language = random.Random(settings.optimisation.seed), language_of(settings.model.language)
    curriculum = settings.curriculum
    if curriculum.facts:
        yield from (f" {value}" for value in trained_values(curriculum.fact_scope, language))
        if curriculum.drilled:
            yield from (f" {word}" for word in one_piece_words(tokenizer))
        yield from fact_texts(rng, curriculum.fact_scope, WORDING, language)
    if curriculum.facts or curriculum.identity:
        exchanges = language.small_talk.exchanges(rng, WORDING)
        yield from (text for pair in exchanges for text in pair)


def begin_words(tokenizer: Tokenizer) -> Tensor:
    """Which pieces begin with a space, bool [vocab]."""
    return torch.tensor(
        [
            piece not in tokenizer.special_ids and tokenizer.bytes_of(piece).startswith(b" ")
            for piece in range(tokenizer.vocab_size)
        ]
    )


@torch.no_grad()
def redraw(model: LanguageModel, rare: Tensor, counts: Tensor, seed: int) -> None:
    """Draw the embeddings of some pieces anew, bool [vocab], in place.

    They come from the normal distribution of the other pieces' embeddings (their mean and
    covariance), their biases begin at the mean of the rarest tenth of the others.
    """
    known = model.embedding.weight[~rare]
    if not rare.any() or len(known) < 2:
        return
    mean, spread = known.mean(0), (known - known.mean(0)) / (len(known) - 1) ** 0.5
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(int(rare.sum()), len(known), generator=generator).to(known.device)
    # Noise over the known rows has their covariance when it weighs them: spreadᵀ·spread = Σ.
    model.embedding.weight[rare] = mean + noise @ spread
    order = counts[~rare].argsort(stable=True)[: max(1, len(known) // 10)]
    model.head.bias[rare] = model.head.bias[~rare][order].mean()


def seldom_words(tokenizer: Tokenizer, counts: Tensor, below: int) -> Tensor:
    """Which pieces are whole words met fewer than `below` times, bool [vocab]."""
    words = torch.zeros(tokenizer.vocab_size, dtype=torch.bool)
    for piece in (counts < below).nonzero()[:, 0].tolist():
        words[piece] = word_of(tokenizer, piece) is not None
    return words


@torch.no_grad()
def lengthen(model: LanguageModel, parked: Tensor) -> None:
    """Move embeddings of some pieces, bool [vocab], away from the others' mean, in place.

    Each lies at LENGTH times the others' median distance from it afterwards, or where it was.
    """
    known = model.embedding.weight[~parked]
    if not parked.any() or not len(known):
        return
    mean = known.mean(0)
    away = model.embedding.weight[parked] - mean
    length = away.norm(dim=1, keepdim=True).clamp(min=1e-6)
    least = LENGTH * (known - mean).norm(dim=1).median()
    model.embedding.weight[parked] = mean + away * (length.clamp(min=least) / length)
