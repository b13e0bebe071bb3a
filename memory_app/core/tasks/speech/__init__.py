"""Spoken words: frames of sound in, a word where one has ended."""

from __future__ import annotations

from memory_app.core.tasks.speech.task import SPEECH

__all__ = ["SPEECH"]
