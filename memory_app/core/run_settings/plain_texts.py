"""How a task that continues texts writes them."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.setting import Section, one_of, setting


@dataclass(frozen=True)
class TextSettings(Section):
    """The vocabulary, and marks of the lines' lengths."""

    group = Sentence("Texts to continue: completion")

    vocabulary: str = setting(
        "pieces",
        Sentence(
            "Tokens of a completion: frequent pieces of words (pieces), characters or bytes. Other "
            "tasks use pieces."
        ),
        choices=one_of("pieces", "characters", "bytes"),
    )
    line_marks: str = setting(
        "off",
        Sentence(
            "With lengths, each line of verse follows a mark of its number of letters and of the "
            "lines after it: the model says how long a line is to be, then counts it down."
        ),
        choices=one_of("off", "lengths"),
    )
