"""The questions that the memory panel asks where nobody has asked others.

A checkpoint brings its own in config.json, `questions`: a list of {"label", "question"}, in the
order in which they are shown. One without them is asked those of its language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: As many as are asked at once, and as many characters as one may have.
MOST_QUESTIONS = 8
LONGEST_QUESTION = 200
LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class PanelQuestion:
    """A question as it is asked, and one or two words that name it."""

    label: str
    question: str


_OF_LANGUAGE = {
    "en": (
        PanelQuestion("name", "What is my name?"),
        PanelQuestion("home", "Where do I live?"),
        PanelQuestion("work", "What is my job?"),
        PanelQuestion("age", "How old am I?"),
        PanelQuestion("food", "What is my favourite food?"),
        PanelQuestion("colour", "What is my favourite colour?"),
    ),
    "zh": (
        PanelQuestion("name", "我叫什么名字？"),
        PanelQuestion("home", "我住在哪里？"),
        PanelQuestion("work", "我做什么工作？"),
        PanelQuestion("age", "我多大了？"),
        PanelQuestion("food", "我最喜欢吃什么？"),
        PanelQuestion("colour", "我最喜欢什么颜色？"),
    ),
}


def panel_questions(config: Mapping[str, Any]) -> tuple[PanelQuestion, ...]:
    """The questions of a checkpoint's config.json; entries of another form are left out.

    Where none is left, those of its language; of a language without any, the English ones.
    """
    given = config.get("questions")
    own = [_question(entry) for entry in given] if isinstance(given, list) else []
    read = tuple(question for question in own if question is not None)[:MOST_QUESTIONS]
    return read or _OF_LANGUAGE.get(str(config.get("language")), _OF_LANGUAGE["en"])


def _question(entry: object) -> PanelQuestion | None:
    if not isinstance(entry, dict):
        return None
    label, question = entry.get("label"), entry.get("question")
    if not (isinstance(label, str) and isinstance(question, str)):
        return None
    if not is_question(question) or not 0 < len(label.strip()) <= LONGEST_LABEL:
        return None
    return PanelQuestion(label.strip(), question)


def is_question(text: str) -> bool:
    """Whether a text can be asked: of 1 to `LONGEST_QUESTION` characters, none of them NUL or a
    lone surrogate."""
    if not text.strip() or len(text) > LONGEST_QUESTION or "\0" in text:
        return False
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in text)
