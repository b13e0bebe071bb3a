"""Texts that are continued: a language model in pieces, characters or bytes."""

from __future__ import annotations

from memory_app.core.tasks.completion.task import COMPLETION, Completion

__all__ = ["COMPLETION", "Completion"]
