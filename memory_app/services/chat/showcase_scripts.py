"""What the showcase's chats say: a title and the messages, by language.

Written for a small model: what it can do, what it can't, and what it does when it isn't sure.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """One chat: its title, and the messages in order."""

    title: str
    messages: tuple[str, ...]


SCRIPTS: dict[str, tuple[Script, ...]] = {
    "en": (
        Script(
            "It is corrected, and keeps the rest",
            (
                "I am Tom.",
                "I am 34 years old and I work as a teacher.",
                "How old am I?",
                "Sorry, I am 35.",
                "How old am I?",
                "What is my job?",
            ),
        ),
        Script(
            "It says when it doesn’t know",
            (
                "What is my name?",
                "What is my favourite colour?",
                "My favourite colour is green.",
                "What is my favourite colour?",
                "What is my name?",
            ),
        ),
        Script(
            "A rare name is read in pieces",
            (
                "My name is Mara and I live in Lisbon.",
                "I have a dog called Bruno.",
                "It is raining and I am tired.",
                "What is my name?",
                "Where do I live?",
                "What is my dog called?",
            ),
        ),
        Script(
            "Questions about itself",
            (
                "Are you a person?",
                "What can you do?",
                "Do you remember everything I say?",
                "What will you forget?",
            ),
        ),
    ),
}
