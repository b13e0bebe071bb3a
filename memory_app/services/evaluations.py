"""Exams of a checkpoint, kept with it."""

from dataclasses import dataclass
from typing import Any

from memory_app.models import Checkpoint, Evaluation


def evaluation_record(*, checkpoint: Checkpoint, suite: str, result: dict[str, Any]) -> Evaluation:
    """Keep what an exam found; one checkpoint may sit the same exam again."""
    return Evaluation.objects.create(checkpoint=checkpoint, suite=suite, result=result)


@dataclass(frozen=True, slots=True)
class Recall:
    """How often a fact was given back, after how many exchanges between."""

    by_gap: dict[int, float]  # exchanges between fact and question: share of right answers
    questions: int  # asked for each gap


def recall_of(*, checkpoint: Checkpoint) -> Recall | None:
    """The newest exam of memory that this checkpoint sat here, else the one its config came with.

    A config is a file that anybody may have written: what isn't a share of one is left out.
    """
    sat = Evaluation.objects.filter(checkpoint=checkpoint, suite__in=("recall", "all"))
    newest = sat.order_by("-created").first()
    found = _recall(newest.result) if newest else None
    return found or _recall(checkpoint.config.get("evaluation"))


def _recall(report: Any) -> Recall | None:
    recall = report.get("recall") if isinstance(report, dict) else None
    exact = recall.get("exact_match") if isinstance(recall, dict) else None
    if not isinstance(recall, dict) or not isinstance(exact, dict):
        return None
    found = {}
    for key, share in exact.items():
        gap = str(key).removeprefix("gap_")
        if gap.isascii() and gap.isdigit() and len(gap) < 5 and _is_number(share):
            found[int(gap)] = float(share)
    questions = recall.get("n")
    if not found or not isinstance(questions, int) or not 1 <= questions <= 10**9:
        return None
    return Recall(dict(sorted(found.items())), questions)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
