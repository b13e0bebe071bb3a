"""What a model of texts scores: bits per character, and the form of what it writes itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from memory_app.core.model.model import LanguageModel
from memory_app.core.sampling.settings import MAX_TOKENS, Sampling
from memory_app.core.tasks.completion.forms import Forms, form_figures
from memory_app.core.tasks.completion.scores import text_bits
from memory_app.core.tasks.completion.texts import Example, Text, characters_of, opening_ids
from memory_app.core.tasks.completion.writing import write_texts
from memory_app.core.text.lines import unmarked
from memory_app.core.text.tokenizer import Tokenizer

#: How the texts are written whose form is measured; the page begins with these.
TEMPERATURE, TOP_P = 0.8, 0.95
#: Samples of the texts for the interval (bootstrap, Efron 1979).
RESAMPLED = 1000


def per_character(bits: Tensor, characters: Tensor) -> dict[str, Any]:
    """Bits per character of texts [N ≥ 1], with a 95% interval over texts, and how many.

    A text's end counts as one character; marks count none, though their bits do: what is told by a
    mark need not be told by the line.
    """
    lengths = characters.double() + 1
    generator = torch.Generator().manual_seed(1)
    picked = torch.randint(len(bits), (RESAMPLED, len(bits)), generator=generator)
    means = bits[picked].sum(1) / lengths[picked].sum(1)
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.double)).tolist()
    return {
        "bits_per_character": float(bits.sum() / lengths.sum()),
        "interval": [low, high],
        "n": len(bits),
        "characters": int(characters.sum()),
    }


def text_figures(
    model: LanguageModel,
    tokenizer: Tokenizer,
    examples: Sequence[Example],
    poll: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """`per_character` of at least one text."""
    counts = torch.tensor([characters_of(tokenizer, example) for example in examples])
    return per_character(text_bits(model, examples, poll), counts)


def written_texts(
    model: LanguageModel,
    tokenizer: Tokenizer,
    primes: Sequence[str],
    poll: Callable[[], None] = lambda: None,
) -> list[Text]:
    """A text that the model writes for each prime; the k-th has the seed k."""
    samplings = [
        Sampling(
            temperature=TEMPERATURE,
            top_p=TOP_P,
            repetition_penalty=1.0,
            max_tokens=MAX_TOKENS,
            seed=seed,
        )
        for seed in range(len(primes))
    ]
    openings = [opening_ids(tokenizer, prime) for prime in primes]
    written = write_texts(model, tokenizer, openings, samplings, poll)
    return [
        Text(prime, unmarked(tokenizer.decode(ids)))
        for prime, ids in zip(primes, written, strict=True)
    ]


def written_form(
    model: LanguageModel,
    tokenizer: Tokenizer,
    rows: Sequence[Text],
    forms: Forms,
    poll: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """`form_figures` of a text that the model writes for the prime of each row that has a form."""
    primes = [row.prime for row in rows if row.prime in forms]
    return form_figures(written_texts(model, tokenizer, primes, poll), forms) if primes else {}
