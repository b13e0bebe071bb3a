"""Embeddings from counts of which words stand side by side in the corpora, before any label.

Counts of two tokens within WINDOW of each other, an occurrence at distance d counted 1/d, become
positive pointwise mutual information, log p(a, b) / (p(a) p(b)^0.75) where that is above 0; its
truncated singular vectors, scaled by the root of their values, are the embeddings (Levy, Goldberg
and Dagan 2015, "Improving Distributional Similarity with Lessons Learned from Word Embeddings").
A few thousand labels can't teach a model what rare words mean; millions of words without labels
can, and this takes a minute where a language model takes hours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from memory_app.core.data.dialogues import Source
from memory_app.core.model.config import CHAT_TASK, TRANSLATION_TASK
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.scripts import spaced
from memory_app.core.text.tokenizer import Tokenizer

WINDOW = 5
SMOOTHING = 0.75
#: Standard deviation of the embeddings' values.
SPREAD = 0.3
#: Further vectors that the random projection carries, for the accuracy of those that are kept.
SPARE = 32
#: Texts that are tokenized at a time.
TOGETHER = 20_000


def place_cooccurrence(
    model: LanguageModel,
    settings: TrainingSettings,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
) -> None:
    """Put the embeddings of the sources' training texts into `model`, in place.

    A source counts by its weight. Tokens that never occur keep their random rows.
    """
    # Both languages of a pair stand side by side: a word is placed near its translations.
    pairs = settings.model.task == TRANSLATION_TASK
    lower = settings.model.task not in (CHAT_TASK, TRANSLATION_TASK)
    counts = torch.zeros(tokenizer.vocab_size, tokenizer.vocab_size)
    for source in sources:
        if pairs:
            _count_pairs(counts, source, tokenizer)
            continue
        texts = [text.lower() if lower else text for row in source.train for _, text in row]
        for start in range(0, len(texts), TOGETHER):
            _count(counts, tokenizer.encode_many(texts[start : start + TOGETHER]), source.weight)
    occurs = counts.sum(1) > 0
    vectors = _vectors(counts, settings.model.embedding_dim)
    weight = model.embedding.weight
    with torch.no_grad():
        weight[occurs] = vectors[occurs].to(weight.device)


def _count_pairs(counts: Tensor, source: Source, tokenizer: Tokenizer) -> None:
    """Add to `counts` every token of a row with every token of it, in both languages.

    A word and its translation stand beside the same words, so their vectors are near. Each pair
    counts 1 / the row's tokens: long sentences must not drown the others.
    """
    for start in range(0, len(source.train), TOGETHER):
        rows = [row for row in source.train[start : start + TOGETHER] if len(row) == 2]
        sides = [tokenizer.encode_many([spaced(row[k][1]) for row in rows]) for k in (0, 1)]
        places, shares = [], []
        for first, second in zip(*sides, strict=True):
            both = np.unique(np.asarray([*first, *second], np.int64))
            places.append((both[:, None] * counts.shape[0] + both).ravel())
            shares.append(np.full(len(places[-1]), source.weight / len(both), np.float32))
        if places:
            flat = torch.from_numpy(np.concatenate(places))
            counts.view(-1).index_add_(0, flat, torch.from_numpy(np.concatenate(shares)))


def _count(counts: Tensor, texts: Sequence[Sequence[int]], weight: float) -> None:
    """Add the pairs of some texts to `counts` [vocab, vocab], in the order that they stand in."""
    parted = [np.asarray([*ids, *[-1] * WINDOW], np.int64) for ids in texts]
    flat = torch.from_numpy(np.concatenate(parted)) if parted else torch.zeros(0, dtype=torch.long)
    for distance in range(1, WINDOW + 1):
        left, right = flat[:-distance], flat[distance:]
        inside = (left >= 0) & (right >= 0)
        pairs = left[inside] * counts.shape[0] + right[inside]
        share = torch.full((len(pairs),), weight / distance)
        counts.view(-1).index_add_(0, pairs, share)


def _vectors(counts: Tensor, width: int) -> Tensor:
    """[vocab, width] of counts [vocab, vocab], which are changed."""
    counts += counts.T.clone()
    total = counts.sum(1)
    beside = total.pow(SMOOTHING)
    beside /= beside.sum()
    counts /= total.clamp(min=1e-9).unsqueeze(1)
    counts /= beside.clamp(min=1e-12).unsqueeze(0)
    information = counts.log_().clamp_(min=0)
    kept = min(width, len(information))
    left, values, _ = torch.svd_lowrank(information, q=min(kept + SPARE, len(information)), niter=3)
    vectors = left[:, :kept] * values[:kept].sqrt()
    whole = torch.zeros(len(vectors), width)
    whole[:, :kept] = vectors / vectors.std().clamp(min=1e-9) * SPREAD
    return whole
