"""Recall results that were stored by earlier versions, or come from anywhere, in today's form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memory_app.core.evaluation.exam.listing import LIST_FACTS
from memory_app.core.evaluation.recall import SEVERAL_CORE
from memory_app.core.evaluation.wilson import wilson

#: The cells about anything that people tell, by path.
OPEN_CELLS = ("open", "several", "others", "forget", "list/named", "list/false")
_MOST_QUESTIONS = 10**9


def current_names(result: Any) -> Any:
    """An evaluation with its cells by today's names.

    Until there was `open`, the cell `several` told three to five facts of the curriculum.
    """
    recall = result.get("recall") if isinstance(result, dict) else None
    if not isinstance(recall, dict) or "several" not in recall or "open" in recall:
        return result
    names = {"several": SEVERAL_CORE}
    return {**result, "recall": {names.get(key, key): value for key, value in recall.items()}}


def questions_of(recall: Mapping[str, Any]) -> int | None:
    """Questions a cell; None where that isn't a sound number."""
    n = recall.get("n")
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= _MOST_QUESTIONS:
        return None
    return n


def trials(path: str, n: int) -> int:
    """Of how many trials the share at a path below `recall` is, with n questions a cell."""
    return n * LIST_FACTS if path.startswith("list/") else n


def open_shares(result: Any) -> Iterator[tuple[str, float, tuple[float, float]]]:
    """(path, share, 95% interval) of each of OPEN_CELLS that an evaluation has."""
    recall = result.get("recall") if isinstance(result, dict) else None
    if not isinstance(recall, dict) or "open" not in recall:
        return
    n = questions_of(recall)
    if n is None:
        return
    for path in OPEN_CELLS:
        cell, _, name = path.partition("/")
        share = recall.get(cell)
        if name:
            share = share.get(name) if isinstance(share, dict) else None
        if isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1:
            count = trials(path, n)
            yield path, float(share), wilson(round(share * count), count)
