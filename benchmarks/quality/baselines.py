"""Each contestant's figures: bits per byte by source, recall by gap, how it was made."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmarks.quality.corpora import single_exchanges
from benchmarks.quality.ngram import NGram, greedy_ids, ngram_likelihood
from benchmarks.quality.train_in_budget import train_within
from benchmarks.quality.transformer import Transformer, shape_for
from memory_app.core.data.dialogues import Dialogue, Source, encode, mask_numbers
from memory_app.core.evaluation.perplexity import Likelihood, likelihood
from memory_app.core.evaluation.recall import (
    SEED,
    Question,
    Replier,
    draw_exam,
    model_replier,
    prompt_of,
    run_exam,
)
from memory_app.core.initialisation.initial_model import new_model
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer

Figures = dict[str, Any]
EXAM = ("exact_match/gap_0", "exact_match/gap_2", "exact_match/gap_8", "exact_match/gap_32")


def parameters_of(model: torch.nn.Module) -> int:
    """Each counted once, tied ones too."""
    return sum(p.numel() for p in model.parameters())


def bits(sources: Sequence[Source], measure: Callable[[list[Dialogue]], Likelihood]) -> Figures:
    """Bits per byte over all validation dialogues, and by source."""
    total, per_source = Likelihood(), {}
    for source in sources:
        part = measure(list(source.valid))
        total.add(part)
        per_source[source.name] = part.to_dict()["bits_per_byte"]
    return {"all": total.to_dict()["bits_per_byte"], "per_source": per_source}


def recall(reply: Replier, n: int) -> Figures:
    """The exam's gap cells and its control, with intervals."""
    cells = draw_exam(n, SEED)
    exam = run_exam({name: cells[name] for name in (*EXAM, "control")}, reply)
    return {**exam, "n": n}


def lstm(model: LanguageModel, tokenizer: Tokenizer, sources: Sequence[Source], n: int) -> Figures:
    """A model with a state, as it is used."""
    return {
        "parameters": parameters_of(model),
        "bits_per_byte": bits(sources, lambda rows: likelihood(model, tokenizer, rows)),
        "recall": recall(model_replier(model, tokenizer), n),
    }


def reset(model: LanguageModel, tokenizer: Tokenizer, sources: Sequence[Source], n: int) -> Figures:
    """The same model, its state blank at every turn's start."""
    known = model_replier(model, tokenizer)

    def forgetful(questions: Sequence[Question]) -> list[str]:
        return known([question.from_blank() for question in questions])

    return {
        "parameters": parameters_of(model),
        "bits_per_byte": bits(
            sources, lambda rows: likelihood(model, tokenizer, single_exchanges(rows))
        ),
        "recall": recall(forgetful, n),
    }


def ngram(tokenizer: Tokenizer, sources: Sequence[Source], n: int, order: int = 5) -> Figures:
    """Interpolated Kneser-Ney on the same dialogues, each source as often as its weight says."""
    streams = [
        encode(
            tokenizer, [(r, mask_numbers(t)) for r, t in row], [1.0] * len(row), 100_000
        ).ids.tolist()
        for source in sources
        for row in source.train[: math.ceil(len(source.train) * min(1.0, source.weight))]
        for _ in range(max(1, round(source.weight)))
    ]
    model = NGram(streams, tokenizer.vocab_size, order)

    def reply(questions: Sequence[Question]) -> list[str]:
        prompts = [prompt_of(tokenizer, question) for question in questions]
        return [tokenizer.decode(greedy_ids(model, tokenizer, prompt)) for prompt in prompts]

    return {
        "parameters": None,
        "tokens": sum(map(len, streams)),
        "bits_per_byte": bits(sources, lambda rows: ngram_likelihood(model, tokenizer, rows)),
        "recall": recall(reply, n),
    }


def cell(
    settings: TrainingSettings,
    tokenizer: Tokenizer,
    sources: Sequence[Source],
    seconds: float,
    n: int,
    rates: Sequence[float],
) -> Figures:
    """One of our cells trained from nothing, each rate within the whole budget; the best one."""

    def begin(rate: float) -> tuple[LanguageModel, TrainingSettings]:
        at = settings.changed({"learning_rate": rate})
        return new_model(at, tokenizer.vocab_size), at

    model, found = _best(begin, tokenizer, sources, seconds, rates)
    return {**found, "recall": recall(model_replier(model, tokenizer), n)}


def transformer(
    parameters: int,
    settings: TrainingSettings,
    tokenizer: Tokenizer,
    sources: Sequence[Source],
    seconds: float,
    n: int,
    rates: Sequence[float],
) -> Figures:
    """One of so many parameters from nothing, each rate within the whole budget; the best one."""

    def begin(rate: float) -> tuple[Transformer, TrainingSettings]:
        torch.manual_seed(settings.optimisation.seed)
        model = Transformer(tokenizer.vocab_size, *shape_for(parameters, tokenizer.vocab_size))
        # A window is a whole dialogue: nothing of its context is cut off.
        changes = {
            "learning_rate": rate,
            "window": settings.corpora.max_dialogue,
            "embedding_rate": 1.0,
        }
        return model, settings.changed(changes)

    model, found = _best(begin, tokenizer, sources, seconds, rates)
    return {**found, "recall": recall(_transformer_replier(model, tokenizer), n)}


def _best(
    begin: Callable[[float], tuple[Any, TrainingSettings]],
    tokenizer: Tokenizer,
    sources: Sequence[Source],
    seconds: float,
    rates: Sequence[float],
) -> tuple[Any, Figures]:
    """(model, figures) of the rate that comes to the fewest bits per byte."""
    tried = []
    for rate in rates:
        model, settings = begin(rate)
        trained = train_within(model, settings, sources, tokenizer, seconds)
        found = bits(sources, lambda rows, model=model: likelihood(model, tokenizer, rows))  # type: ignore[misc]
        sys.stderr.write(f"rate {rate:g}: {found['all']:.4f} bits per byte\n")
        tried.append((rate, found, model, settings, trained))
    rate, found, model, settings, trained = min(tried, key=lambda one: one[1]["all"])
    return model, {
        **{"parameters": parameters_of(model), "bits_per_byte": found},
        **{"learning_rate": rate, "learning_rates": {str(r): b["all"] for r, b, *_ in tried}},
        **{
            "window": settings.optimisation.window,
            "batch_tokens": settings.optimisation.batch_tokens,
        },
        **{"steps": trained.steps, "tokens": trained.tokens, "seconds": trained.seconds},
    }


def _transformer_replier(model: Transformer, tokenizer: Tokenizer, most: int = 40) -> Replier:
    @torch.inference_mode()
    def one(question: Question) -> str:
        ids = torch.tensor([prompt_of(tokenizer, question)])
        cache = model.blank(1)
        said: list[int] = []
        while len(said) < most:
            outputs, cache = model.hidden(ids, cache)
            logits = model.logits(outputs[0, -1])
            logits[[tokenizer.user_id, tokenizer.bot_id]] = -math.inf
            token = int(logits.argmax())
            if token == tokenizer.end_id:
                break
            said.append(token)
            ids = torch.tensor([[token]])
        return tokenizer.decode(said)

    return lambda questions: [one(question) for question in questions]
