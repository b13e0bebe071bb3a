"""What translations score: chrF and BLEU of each direction, by the sentence's length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from memory_app.core.evaluation.bleu import COUNTS as BLEU_COUNTS
from memory_app.core.evaluation.bleu import bleu, bleu_counts, chinese_words, english_words
from memory_app.core.evaluation.chrf import chrf, chrf_counts
from memory_app.core.model.model import LanguageModel
from memory_app.core.tasks.translation.texts import DIRECTIONS, TO_CHINESE, Example
from memory_app.core.tasks.translation.writing import BEAM, translations
from memory_app.core.text.tokenizer import Tokenizer

#: Words of the English sentence: the first of each group, the last is open.
LENGTHS = (1, 5, 9, 13, 21)
#: Words of the sentences that the floor is about.
SHORT = 8
#: Samples of the sentences for an interval (bootstrap, Efron 1979).
RESAMPLED = 1000


def length_group(words: int) -> str:
    """The group of a sentence, "5-8" or "21+"."""
    first = max(low for low in LENGTHS if low <= max(words, 1))
    place = LENGTHS.index(first) + 1
    return f"{first}-{LENGTHS[place] - 1}" if place < len(LENGTHS) else f"{first}+"


GROUPS = tuple(length_group(low) for low in LENGTHS)


def sentence_counts(output: str, reference: str, direction: str) -> list[int]:
    """The counts of one sentence, BLEU's and then chrF's."""
    words = chinese_words if direction == TO_CHINESE else english_words
    return bleu_counts(words(output), words(reference)) + chrf_counts(output, reference)


def scores(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Summed counts [..., numbers] → (chrF, BLEU), each float64 [...]."""
    return chrf(counts[..., BLEU_COUNTS:]), bleu(counts[..., :BLEU_COUNTS])


def _of(counts: Tensor) -> dict[str, Any]:
    """chrF and BLEU of sentences, counts [N ≥ 1, numbers], with chrF's 95% interval."""
    corpus_chrf, corpus_bleu = scores(counts.sum(0))
    generator = torch.Generator().manual_seed(1)
    picked = torch.randint(len(counts), (RESAMPLED, len(counts)), generator=generator)
    often = torch.zeros(RESAMPLED, len(counts), dtype=torch.float64)
    often.scatter_add_(1, picked, torch.ones(picked.shape, dtype=torch.float64))
    samples = torch.stack(scores(often @ counts.double()))
    edges = samples.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64), dim=1)
    return {
        "chrf": float(corpus_chrf),
        "chrf_interval": edges[:, 0].tolist(),
        "bleu": float(corpus_bleu),
        "bleu_interval": edges[:, 1].tolist(),
        "n": len(counts),
    }


def figures_of(rows: Sequence[Example], outputs: Sequence[str]) -> dict[str, Any]:
    """Figures of at least one translated pair.

    `directions`: of each direction chrF and BLEU with intervals, n, the same under `short` of all
    sentences up to SHORT words, and `by_length`: a list of the same for each group of lengths,
    `words` its name. `chrf` and `bleu`: the means of the directions, since characters and words of
    two languages can't be pooled; so are the groups of `by_length`. `n`: translated sentences.
    """
    counts = torch.tensor(
        [
            sentence_counts(output, row.pair.target(row.direction), row.direction)
            for row, output in zip(rows, outputs, strict=True)
        ]
    )
    words = torch.tensor([row.pair.words for row in rows])
    groups = [length_group(row.pair.words) for row in rows]
    inside = {name: torch.tensor([group == name for group in groups]) for name in GROUPS}
    directions: dict[str, Any] = {}
    for direction in DIRECTIONS:
        own = torch.tensor([row.direction == direction for row in rows])
        if not own.any():
            continue
        found = _of(counts[own])
        if (short := own & (words <= SHORT)).any():
            found["short"] = _of(counts[short])
        found["by_length"] = [
            {"words": name, **_of(counts[own & group])}
            for name, group in inside.items()
            if (own & group).any()
        ]
        directions[direction] = found
    by_length = []
    for name in GROUPS:
        having = [
            group
            for own in directions.values()
            for group in own["by_length"]
            if group["words"] == name
        ]
        if having:
            by_length.append({"words": name, **_mean(having)})
    return {**_mean(list(directions.values())), "by_length": by_length, "directions": directions}


def _mean(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "chrf": sum(part["chrf"] for part in parts) / len(parts),
        "bleu": sum(part["bleu"] for part in parts) / len(parts),
        "n": sum(part["n"] for part in parts),
    }


def translated(
    model: LanguageModel,
    tokenizer: Tokenizer,
    rows: Sequence[Example],
    *,
    beam: int = BEAM,
    poll: Callable[[], None] = lambda: None,
) -> list[str]:
    """The model's translation of each row's source."""
    sources = [row.source_ids for row in rows]
    written = translations(model, tokenizer, sources, beam=beam, poll=poll)
    return [tokenizer.decode(ids).strip() for ids in written]
