"""The recall exam: facts told, other exchanges, one question; is the value in the greedy reply?

Everything but the reply under test is scripted: the telling, the bot's acknowledgements, the
fillers (the project's own, which training never sees) and the question. Seed and n fix the exam.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from memory_app.core.evaluation.decode_greedy import greedy_replies
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.facts import Language, generate_dialogue, language_of
from memory_app.core.facts.distractors import own_fillers
from memory_app.core.facts.language import spoken
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

GAPS = (0, 2, 8, 32)
# Several, update and abstain ask at this distance; the gap cells alone vary it.
COMMON_GAP = 2
SEED = 20250
# The facts that the exam tells: name, home, job, age, pets, favourite things, numbers.
SCOPE = "core"

Told = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One item of the exam.

    told: the scripted (user, bot) exchanges. answer: the value that was told, or "" where
    nothing was and the reply has to say so. replaced: a value that a correction made wrong.
    """

    told: Told
    text: str
    answer: str
    replaced: str = ""

    def from_blank(self) -> Question:
        """The same question with nothing before it."""
        return Question((), self.text, self.answer, self.replaced)


Cells = dict[str, list[Question]]
Replier = Callable[[Sequence[Question]], list[str]]


def abstains(reply: str, language: Language | None = None) -> bool:
    """Whether the reply says that it doesn't know or wasn't told."""
    return spoken(language).exam.abstains(reply)


def contains_value(reply: str, value: str, language: Language | None = None) -> bool:
    """Whether the value stands in the reply as whole words, in any case.

    Where a language doesn't part its words, anywhere.
    """
    if not spoken(language).grammar.space:
        return value.lower() in reply.lower()
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reply, re.IGNORECASE) is not None


def is_right(question: Question, reply: str, language: Language | None = None) -> bool:
    """Abstained where nothing was told; else the value stands there, and no replaced one does."""
    if not question.answer:
        return abstains(reply, language)
    if question.replaced and contains_value(reply, question.replaced, language):
        return False
    return contains_value(reply, question.answer, language)


def draw_questions(
    n: int, seed: int, cell: str, language: Language | None = None, **form: Any
) -> list[Question]:
    """n items of one cell; `form` goes to `generate_dialogue` (gap, kind, held-out parts)."""
    rng = random.Random(f"{seed}/{cell}")
    fillers = partial(own_fillers, language=language)
    questions = []
    for _ in range(n):
        made = generate_dialogue(
            rng, fillers=fillers, made_up=0.0, scope=SCOPE, language=language, **form
        )
        texts = [text for _, text in made.turns]
        told = tuple(zip(texts[:-2:2], texts[1:-2:2], strict=True))
        if made.probe.turn != len(texts) - 1:
            raise RuntimeError("An exam dialogue must end in its one answer.")
        questions.append(Question(told, texts[-2], made.probe.answer, made.probe.replaced))
    return questions


def draw_exam(n: int, seed: int, language: Language | None = None) -> Cells:
    """Every cell's questions, by the cell's path in the result ("held_out/values/gap_2")."""
    cells: Cells = {}
    for gap in GAPS:
        cells[f"exact_match/gap_{gap}"] = draw_questions(
            n, seed, f"gap_{gap}", language, kind="single", gap=gap
        )
    for kind in ("several", "update", "abstain"):
        cells[kind] = draw_questions(n, seed, kind, language, kind=kind, gap=COMMON_GAP)
    for part in ("values", "phrasings"):
        for gap in GAPS:
            cells[f"held_out/{part}/gap_{gap}"] = draw_questions(
                n,
                seed,
                f"{part}/gap_{gap}",
                language,
                kind="single",
                gap=gap,
                held_out_values=part == "values",
                held_out_phrasings=part == "phrasings",
            )
    cells["control"] = [item.from_blank() for item in cells["exact_match/gap_0"]]
    return cells


def model_replier(model: LanguageModel, tokenizer: Tokenizer) -> Replier:
    """Greedy replies of a model to questions, many side by side."""

    def reply(questions: Sequence[Question]) -> list[str]:
        return greedy_replies(model, tokenizer, [prompt_of(tokenizer, q) for q in questions])

    return reply


def prompt_of(tokenizer: Tokenizer, question: Question) -> list[int]:
    """The ids fed before the reply: each told exchange as a whole turn, then the question."""
    ids: list[int] = []
    for user, bot in question.told:
        ids += tokenizer.turn_ids(tokenizer.encode(user), tokenizer.encode(bot))
    return ids + tokenizer.prompt_ids(tokenizer.encode(question.text))


def run_exam(
    cells: Mapping[str, Sequence[Question]],
    reply: Replier,
    on_cell: Callable[[str, int, int], None] | None = None,
    language: Language | None = None,
) -> dict[str, Any]:
    """Ask every cell and nest the shares of right replies by the cells' paths.

    `on_cell(name, done, total)` is told of each finished cell. "intervals" repeats the tree with
    each share's 95% Wilson interval.
    """
    shares: dict[str, Any] = {}
    intervals: dict[str, Any] = {}
    for done, (path, questions) in enumerate(cells.items(), start=1):
        replies = reply(questions)
        right = sum(is_right(*pair, language) for pair in zip(questions, replies, strict=True))
        _put(shares, path, round(right / len(questions), 4))
        _put(intervals, path, [round(bound, 4) for bound in wilson(right, len(questions))])
        if on_cell is not None:
            on_cell(path, done, len(cells))
    return {**shares, "intervals": intervals}


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *above, name = path.split("/")
    for part in above:
        tree = tree.setdefault(part, {})
    tree[name] = value


def evaluate_recall(
    model: LanguageModel,
    tokenizer: Tokenizer,
    n: int = 200,
    seed: int = SEED,
    on_cell: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """The "recall" object of the evaluation: shares of right replies, n questions a cell.

    Asked in the model's language, or in English where that has no texts.

    Raises:
        ValueError: n below 1.
    """
    if n < 1:
        raise ValueError("n must be at least 1.")
    language = language_of(model.config.language)
    cells = draw_exam(n, seed, language)
    result = run_exam(cells, model_replier(model, tokenizer), on_cell, language)
    intervals = result.pop("intervals")
    return {**result, "n": n, "intervals": intervals}
