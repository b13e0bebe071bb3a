"""Does the bookkeeping of a traced word agree with its effect? On generated dialogues of facts.

python -m benchmarks.quality.attribution --checkpoint memory_app/bundled/en --n 200

Several facts are told, other exchanges follow, one fact is asked for. Of each greedy reply that
has the value, the first token of the value is traced: bookkeeping by turn, and the effect of each
turn. Prints the rank correlation (Spearman) of the two, a mean over prompts with its standard
error, and how often the turn that told the fact comes first in each.
"""

from __future__ import annotations

import math
import statistics
import sys
from typing import Any

import torch

from benchmarks.quality.report import report_on_checkpoint
from memory_app.core.evaluation.decode_greedy import feed, greedy_replies
from memory_app.core.evaluation.recall import Question, contains_value, draw_questions, prompt_of
from memory_app.core.facts.language import language_of
from memory_app.core.inspection.rank_correlation import spearman
from memory_app.core.inspection.sources import read_layers, sources
from memory_app.core.inspection.trace_queries import trace_of
from memory_app.core.inspection.turn_writes import turn_writes
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

SEED = 20261
GAP = 4


def value_token(checkpoint: Checkpoint, reply: list[int], value: str) -> int | None:
    """The place in the reply of the token that the value begins in; None where it isn't there."""
    text = checkpoint.tokenizer.decode(reply)
    start = text.casefold().find(value.casefold())
    if start < 0:
        return None
    for place in range(len(reply)):
        if len(checkpoint.tokenizer.decode(reply[: place + 1])) > start:
            return place
    return None


def of_question(checkpoint: Checkpoint, question: Question, reply: str) -> dict[str, Any] | None:
    """Bookkeeping and effect by turn of the value in the reply, and which turn told it."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    reply_ids = tokenizer.encode(reply)
    place = value_token(checkpoint, reply_ids, question.answer)
    if place is None or not contains_value(reply, question.answer):
        return None
    prompt = tokenizer.prompt_ids(tokenizer.encode(question.text))
    layers, state, earlier, turns = read_layers(model), State.zeros(model.config), [], []
    for user, bot in question.told:
        ids = tokenizer.turn_ids(tokenizer.encode(user), tokenizer.encode(bot))
        earlier.append(turn_writes(trace_of(model, state, ids), layers)[1])
        turns.append(ids)
        state = replay(model, state, ids)
    ids = [*prompt, *reply_ids]
    position = len(prompt) + place
    blank = State.zeros(model.config)
    found = sources(earlier, blank, trace_of(model, state, ids), position)
    effects = effects_of(model, turns, ids[:position], ids[position])
    told = [contains_value(user, question.answer) for user, _ in question.told]
    return {
        "read": [float(part.sum()) for part in found.turns[:-1]],
        "absolute": [float(part.abs().sum()) for part in found.turns[:-1]],
        "helps": [-change for change in effects],
        "told": told.index(True) if True in told else None,
        "residual": found.residual,
    }


@torch.inference_mode()
def effects_of(
    model: LanguageModel, turns: list[list[int]], fed: list[int], token_id: int
) -> list[float]:
    """`turn_effects` of each turn, all at once as rows of a batch: equal but for rounding."""
    kept = [turns, *(turns[:place] + turns[place + 1 :] for place in range(len(turns)))]
    streams = [[*(token for turn in rows for token in turn), *fed] for rows in kept]
    outputs, _ = feed(model, streams)
    logprobs = model.logits(outputs).double().log_softmax(-1)[:, token_id]
    return (logprobs[1:] - logprobs[0]).tolist()


def figures(checkpoint: Checkpoint, n: int) -> dict[str, Any]:
    """The figures over n prompts."""
    language = language_of(checkpoint.model.config.language)
    drawn = draw_questions(n, SEED, "attribution", language, kind="several", gap=GAP)
    prompts = [prompt_of(checkpoint.tokenizer, question) for question in drawn]
    replies = greedy_replies(checkpoint.model, checkpoint.tokenizer, prompts)
    rows = []
    for count, (question, reply) in enumerate(zip(drawn, replies, strict=True), 1):
        row = of_question(checkpoint, question, reply)
        if row is not None:
            rows.append(row)
        sys.stderr.write(f"\r{count}/{n}")
    sys.stderr.write("\n")
    pairs = {
        "signed": ("read", lambda helps: helps),
        "absolute": ("absolute", lambda helps: [abs(help_) for help_ in helps]),
    }
    answer: dict[str, Any] = {"prompts": n, "traced": len(rows)}
    answer["turns"] = statistics.fmean(len(row["read"]) for row in rows)
    for name, (key, form) in pairs.items():
        each = [spearman(row[key], form(row["helps"])) for row in rows]
        known = [value for value in each if value is not None]
        answer[f"spearman_{name}"] = {
            "mean": round(statistics.fmean(known), 3),
            "standard_error": round(statistics.stdev(known) / math.sqrt(len(known)), 3),
            "median": round(statistics.median(known), 3),
        }
    for name in ("read", "helps"):
        first = [max(range(len(row[name])), key=row[name].__getitem__) for row in rows]
        right = [at == row["told"] for at, row in zip(first, rows, strict=True)]
        answer[f"told_first_by_{name}"] = round(statistics.fmean(right), 3)
    answer["largest_residual"] = max(row["residual"] for row in rows)
    return answer


def main() -> None:
    """Read the command line."""
    report_on_checkpoint("attribution", figures)


if __name__ == "__main__":
    main()
