"""The names by which the source says something to a person: Sentence, and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import memory_app
from memory_app.core.messages import Sentence, SentenceError

#: What is run when it is imported, or needs nothing of this.
_APART = ("memory_app.migrations", "memory_app.management")


def _below(kind: type) -> Iterator[type]:
    kinds: list[type] = kind.__subclasses__()
    for one in kinds:
        yield one
        yield from _below(one)


def raised_names() -> list[str]:
    """Sentence, SentenceError and every error made of it, wherever it is defined."""
    for module in walk_packages(memory_app.__path__, "memory_app."):
        if not module.name.startswith(_APART):
            import_module(module.name)
    kinds = {one.__name__ for one in _below(SentenceError)}
    return sorted({Sentence.__name__, SentenceError.__name__, *kinds})
