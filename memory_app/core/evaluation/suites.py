"""One evaluation of a checkpoint, in the public shape: perplexity, recall, loops, distinct_2."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from memory_app.core.evaluation.diversity import evaluate_variety
from memory_app.core.evaluation.perplexity import Dialogue, evaluate_perplexity
from memory_app.core.evaluation.recall import SEED
from memory_app.core.evaluation.recall_suite import evaluate_recall, recall_languages
from memory_app.core.messages import SentenceError
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

SUITES = ("perplexity", "recall", "all")


def suites_of(task: str) -> tuple[str, ...]:
    """The suites that a checkpoint of this task can take: a chat's, or the task's own figures."""
    return SUITES if task == CHAT_TASK else (task,)


class EvaluationError(SentenceError):
    """A request that cannot be evaluated; its message is one sentence for a person."""


def check_request(
    suite: str, *, sources: Mapping[str, object], n: int, language: str | None
) -> None:
    """Raises EvaluationError for what `evaluate` refuses before it measures anything."""
    if suite not in SUITES:
        raise EvaluationError("suite must be one of {choices}.", choices=", ".join(SUITES))
    if n < 1:
        raise EvaluationError("n must be at least 1.")
    if language is not None and language not in recall_languages():
        raise EvaluationError(
            "There is no recall test in {language}; there is one in {choices}.",
            language=language,
            choices=", ".join(recall_languages()),
        )
    if suite == "perplexity" and not sources:
        raise EvaluationError("perplexity needs a corpus or a file of dialogues.")


def evaluate(
    model: LanguageModel,
    tokenizer: Tokenizer,
    suite: str,
    *,
    sources: Mapping[str, Iterable[Dialogue]] | None = None,
    n: int = 200,
    seed: int = SEED,
    language: str | None = None,
    on_cell: Callable[[str, int, int], None] | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """What `evaluate --json` prints, less "checkpoint".

    `recall` brings loops and distinct_2 with it. `perplexity` needs sources by name, dialogues
    of (role, text) with the user first; under `all` it is left out where there are none.
    `language` is that of the recall exam, by default the model's.

    Raises:
        EvaluationError: an unknown suite, a language without an exam, n below 1, or perplexity
            without dialogues.
    """
    check_request(suite, sources=sources or {}, n=n, language=language)
    result: dict[str, Any] = {}
    if suite != "recall" and sources:
        result["perplexity"] = evaluate_perplexity(model, tokenizer, sources, on_rows)
        if not result["perplexity"]["tokens"]:
            raise EvaluationError("These dialogues contain no reply to measure.")
    if suite != "perplexity":
        result["recall"] = evaluate_recall(model, tokenizer, n, seed, on_cell, language)
        variety = evaluate_variety(model, tokenizer, seed=seed)
        result["loops"] = round(variety.loops, 4)
        result["distinct_2"] = round(variety.distinct_2, 4)
    return result
