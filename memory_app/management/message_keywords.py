"""The names that mark a sentence for a person in the source: Sentence, and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import memory_app
from memory_app.core.messages import Sentence, SentenceError

#: Modules that run something when imported, or have no sentences.
_APART = ("memory_app.migrations", "memory_app.management")


def _below(kind: type) -> Iterator[type]:
    kinds: list[type] = kind.__subclasses__()
    for subclass in kinds:
        yield subclass
        yield from _below(subclass)


def raised_names() -> list[str]:
    """Sentence, SentenceError and every error derived from it, wherever it is defined."""
    for module in walk_packages(memory_app.__path__, "memory_app."):
        if not module.name.startswith(_APART):
            import_module(module.name)
    kinds = {kind.__name__ for kind in _below(SentenceError)}
    return sorted({Sentence.__name__, SentenceError.__name__, *kinds})
