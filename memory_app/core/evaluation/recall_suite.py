"""The whole recall exam: the curriculum's facts, then anything that people tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memory_app.core.evaluation.exam.cells import draw_cells
from memory_app.core.evaluation.exam.listing import (
    LIST_FACTS,
    LIST_TOKENS,
    count_named,
    draw_listings,
)
from memory_app.core.evaluation.exam.texts import exam_languages, exam_texts_of
from memory_app.core.evaluation.recall import SEED, draw_exam, model_replier, put_share, run_exam
from memory_app.core.facts import language_of, languages
from memory_app.core.facts.language import ENGLISH
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer


def recall_languages() -> tuple[str, ...]:
    """The codes of the languages in which the whole exam can be asked."""
    return tuple(code for code in exam_languages() if code in languages())


def evaluate_recall(
    model: LanguageModel,
    tokenizer: Tokenizer,
    n: int = 200,
    seed: int = SEED,
    on_cell: Callable[[str, int, int], None] | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """The "recall" object of the evaluation: shares of right replies, n questions a cell.

    Asked in `language`, by default the model's, or in English where that has no texts. A language
    that has the curriculum's texts alone has its cells alone. "intervals" repeats the tree with
    each share's 95% Wilson interval; the shares of "list" are of five things a reply.

    Raises:
        ValueError: n below 1.
    """
    if n < 1:
        raise ValueError("n must be at least 1.")
    code = language or model.config.language
    code = code if code in languages() else ENGLISH
    spoken, texts = language_of(code), exam_texts_of(code)
    cells = draw_exam(n, seed, spoken)
    if texts is not None:
        cells |= draw_cells(n, seed, texts, spoken)
    total = len(cells) + (texts is not None)

    def finished(path: str, done: int, _: int) -> None:
        if on_cell is not None:
            on_cell(path, done, total)

    shares = run_exam(cells, model_replier(model, tokenizer), finished, spoken)
    intervals = shares.pop("intervals")
    if texts is not None:
        listings = draw_listings(n, seed, texts, spoken)
        reply = model_replier(model, tokenizer, LIST_TOKENS)
        replies = reply([listing.question for listing in listings])
        for name, count in count_named(listings, replies, spoken).items():
            put_share(shares, intervals, f"list/{name}", count, n * LIST_FACTS)
        finished("list", total, total)
    return {**shares, "n": n, "intervals": intervals}
