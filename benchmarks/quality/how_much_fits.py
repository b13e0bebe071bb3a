"""How much fits into a memory: the share of told facts that are given back, by how many were told.

python -m benchmarks.quality.how_much_fits memory_app/bundled/en OTHER_FOLDER --n 200

Every chat tells n facts of different relations of the recall exam, each in a turn of its own
with a scripted acknowledgement, then talks of something else twice and asks for one of them. The
same chats are asked of each checkpoint. A cell's state bytes and parameters are named beside its
figures, since those are what is compared.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.report import print_result
from memory_app.core.evaluation.exam.chat import as_typed, draw_facts, telling
from memory_app.core.evaluation.exam.texts import ExamTexts, exam_texts_of
from memory_app.core.evaluation.recall import SEED, Question, is_right, model_replier
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.facts import language_of
from memory_app.core.facts.distractors import own_fillers
from memory_app.core.facts.language import ENGLISH
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

TOLD = (1, 2, 4, 8, 16, 32, 64)
GAP = 2


def draw(n: int, told: int, texts: ExamTexts, seed: int = SEED) -> list[Question]:
    """n chats that tell `told` facts each, the same for the same seed; one fact is asked for.

    Raises:
        ValueError: there are fewer topics than that.
    """
    rng = random.Random(f"{seed}/fits/{told}")
    language = language_of(ENGLISH)
    questions = []
    for _ in range(n):
        facts = draw_facts(rng, texts.relations, told)
        chat = [telling(rng, texts, fact) for fact in facts]
        asked = rng.choice(facts)
        chat += own_fillers(rng, GAP, language)
        text = as_typed(rng, rng.choice(asked.relation.ask))
        questions.append(Question(tuple(chat), text, asked.value))
    return questions


def how_much_fits(
    model: LanguageModel, tokenizer: Tokenizer, n: int = 200, told: Sequence[int] = TOLD
) -> dict[str, dict[str, Any]]:
    """By the number of told facts: the share given back, its 95% interval, and the facts kept.

    `kept`: the share times the number, which is how many of them the memory holds.
    """
    texts = exam_texts_of(ENGLISH)
    if texts is None:
        raise RuntimeError("The exam has no English texts.")
    reply = model_replier(model, tokenizer)
    found = {}
    for count in told:
        questions = draw(n, count, texts)
        pairs = zip(questions, reply(questions), strict=True)
        right = sum(is_right(question, text) for question, text in pairs)
        found[str(count)] = {
            "share": round(right / n, 4),
            "interval": [round(bound, 4) for bound in wilson(right, n)],
            "kept": round(count * right / n, 2),
        }
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line; one JSON document on stdout."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.how_much_fits", description=__doc__
    )
    parser.add_argument("checkpoints", type=Path, nargs="+", help="folders of checkpoints")
    parser.add_argument("--n", type=int, default=200, help="chats for each number of facts")
    parser.add_argument("--told", type=int, nargs="+", default=TOLD, help="numbers of facts")
    options = parser.parse_args(arguments)
    figures = []
    for folder in options.checkpoints:
        checkpoint = load_checkpoint(folder)
        model = checkpoint.model.eval()
        figures.append(
            {
                "checkpoint": str(checkpoint.config.get("name") or folder.name),
                "sha256": checkpoint.sha256,
                "cell": model.config.cell,
                "parameters": sum(p.numel() for p in model.parameters()),
                "state_bytes": model.config.state_bytes,
                "n": options.n,
                "fits": how_much_fits(model, checkpoint.tokenizer, options.n, options.told),
            }
        )
    print_result({"checkpoints": figures})


if __name__ == "__main__":
    main()
