"""Sentences translated between English and Chinese, in both directions by one model."""

from __future__ import annotations

from memory_app.core.tasks.translation.task import TRANSLATION, Translation

__all__ = ["TRANSLATION", "Translation"]
