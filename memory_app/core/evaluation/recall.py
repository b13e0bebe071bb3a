"""The recall exam: facts told, other exchanges, one question; is the value in the greedy reply?

Everything but the reply under test is scripted: the telling, the bot's acknowledgements, the
fillers (the project's own, which training never sees) and the question. Seed and n fix the exam.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from memory_app.core.evaluation.decode_greedy import MAX_TOKENS, greedy_replies
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.facts import Language, generate_dialogue
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
#: Three to five of these facts. Evaluations stored without the cell `open` call it "several".
SEVERAL_CORE = "several_core"

Told = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One item of the exam.

    told: the scripted (user, bot) exchanges. answer: the value that was told, or "" where
    nothing was and the reply has to say so. replaced: a value that a correction made wrong.
    unsaid: values that a right reply doesn't contain; without an answer that is all it has to do.
    """

    told: Told
    text: str
    answer: str
    replaced: str = ""
    unsaid: tuple[str, ...] = ()

    def from_blank(self) -> Question:
        """The same question with nothing before it."""
        return replace(self, told=())


Cells = dict[str, list[Question]]
Replier = Callable[[Sequence[Question]], list[str]]


def abstains(reply: str, language: Language | None = None) -> bool:
    """Whether the reply says that it doesn't know or wasn't told."""
    return spoken(language).exam.abstains(reply)


def contains_value(reply: str, value: str, language: Language | None = None) -> bool:
    """Whether the value stands in the reply as whole words, in any case.

    Where a language doesn't part its words, anywhere.
    """
    return _occurrence(value, language).search(reply) is not None


def without_value(reply: str, value: str, language: Language | None = None) -> str:
    """The reply with a gap in each place where `contains_value` finds the value."""
    return _occurrence(value, language).sub(" … ", reply)


def _occurrence(value: str, language: Language | None) -> re.Pattern[str]:
    words = re.escape(value)
    whole = rf"(?<!\w){words}(?!\w)" if spoken(language).grammar.space else words
    return re.compile(whole, re.IGNORECASE)


def is_right(question: Question, reply: str, language: Language | None = None) -> bool:
    """Abstained where nothing was told; else the value stands there, and none made wrong does."""
    wrong = (question.replaced, *question.unsaid) if question.replaced else question.unsaid
    if any(contains_value(reply, value, language) for value in wrong):
        return False
    if question.answer:
        return contains_value(reply, question.answer, language)
    return bool(question.unsaid) or abstains(reply, language)


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
        path = SEVERAL_CORE if kind == "several" else kind
        cells[path] = draw_questions(n, seed, kind, language, kind=kind, gap=COMMON_GAP)
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


def model_replier(
    model: LanguageModel, tokenizer: Tokenizer, max_tokens: int = MAX_TOKENS
) -> Replier:
    """Greedy replies of a model to questions, many side by side."""

    def reply(questions: Sequence[Question]) -> list[str]:
        prompts = [prompt_of(tokenizer, question) for question in questions]
        return greedy_replies(model, tokenizer, prompts, max_tokens)

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
        put_share(shares, intervals, path, right, len(questions))
        if on_cell is not None:
            on_cell(path, done, len(cells))
    return {**shares, "intervals": intervals}


def put_share(
    shares: dict[str, Any], intervals: dict[str, Any], path: str, right: int, trials: int
) -> None:
    """Put a share and its 95% Wilson interval into both trees, rounded to four places."""
    _put(shares, path, round(right / trials, 4))
    _put(intervals, path, [round(bound, 4) for bound in wilson(right, trials)])


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *above, name = path.split("/")
    for part in above:
        tree = tree.setdefault(part, {})
    tree[name] = value
