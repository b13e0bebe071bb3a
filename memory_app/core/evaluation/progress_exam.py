"""What a run shows of itself while it learns: a short recall exam and a few sampled replies.

Both are fixed: the same questions, prompts and seeds at every evaluation of every run, so that one
evaluation may be compared with the next, and a resumed run shows what an unbroken one would have.
Nothing here draws from torch's own generator, which belongs to the training.
"""

from __future__ import annotations

from collections.abc import Callable

from memory_app.core.evaluation.decode_greedy import greedy_replies
from memory_app.core.evaluation.decode_sampled import sampled_ids, seeded
from memory_app.core.evaluation.recall import SEED, draw_questions, is_right, prompt_of
from memory_app.core.facts.language import exam_of, language_of, languages
from memory_app.core.model.model import LanguageModel
from memory_app.core.sampling.settings import Sampling
from memory_app.core.text.tokenizer import Tokenizer

#: Enough to see a curve rise, few enough to take a second: 1 of 24 is 4 points of a hundred.
QUESTIONS = 24
GAPS = (0, 2)
#: The exam's answers are short sentences; an early model babbles on and is cut here.
ANSWER_TOKENS = 24
SAMPLING = Sampling(seed=1, max_tokens=40)

Exchange = dict[str, str]


class ProgressExam:
    """The questions and prompts of one run, encoded once."""

    def __init__(self, tokenizer: Tokenizer, language: str) -> None:
        self._tokenizer = tokenizer
        self._language = spoken = language_of(language)
        # A run in a language without a curriculum has no exam.
        self._questions = (
            {f"gap_{gap}": draw_questions(QUESTIONS, SEED, f"gap_{gap}", spoken, kind="single",
                                          gap=gap) for gap in GAPS}
            if language in languages()
            else {}
        )  # fmt: skip
        self._texts = exam_of(language).prompts

    def recall(self, model: LanguageModel, poll: Callable[[], None]) -> dict[str, float]:
        """The share of right greedy replies by gap; `poll` is called before each."""
        shares = {}
        for name, questions in self._questions.items():
            poll()
            prompts = [prompt_of(self._tokenizer, question) for question in questions]
            replies = greedy_replies(model, self._tokenizer, prompts, ANSWER_TOKENS)
            pairs = zip(questions, replies, strict=True)
            shares[name] = sum(is_right(*pair, self._language) for pair in pairs) / len(questions)
        return shares

    def samples(self, model: LanguageModel) -> list[Exchange]:
        """What the model says to each prompt at the product's default settings."""
        prompts = [self._tokenizer.prompt_ids(self._tokenizer.encode(t)) for t in self._texts]
        settings = seeded(SAMPLING, SAMPLING.seed, len(prompts))
        replies = sampled_ids(model, self._tokenizer, prompts, settings)
        # An early model says any byte; not every database keeps the one that is zero.
        return [
            {"prompt": text, "reply": self._tokenizer.decode(reply).replace("\0", "\ufffd")}
            for text, reply in zip(self._texts, replies, strict=True)
        ]
