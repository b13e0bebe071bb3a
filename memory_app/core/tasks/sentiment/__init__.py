"""Is a text positive or negative? A score after every word, read from the last layer's h."""

from __future__ import annotations

from memory_app.core.tasks.sentiment.task import SENTIMENT, Sentiment

__all__ = ["SENTIMENT", "Sentiment"]
