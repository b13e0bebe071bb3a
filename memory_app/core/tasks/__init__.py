"""What a model is trained and asked for, by name."""

from __future__ import annotations

from memory_app.core.tasks.base import Task
from memory_app.core.tasks.chat import Chat
from memory_app.core.tasks.completion import COMPLETION
from memory_app.core.tasks.sentiment import SENTIMENT
from memory_app.core.tasks.speech import SPEECH
from memory_app.core.tasks.translation import TRANSLATION

__all__ = [
    "CHAT",
    "COMPLETION",
    "SENTIMENT",
    "SPEECH",
    "TRANSLATION",
    "Task",
    "register",
    "task_named",
    "task_names",
]

CHAT = Chat()
_TASKS: dict[str, Task] = {}


def register(task: Task) -> None:
    """Make a task known by its name."""
    _TASKS[task.name] = task


register(CHAT)
register(SENTIMENT)
register(COMPLETION)
register(TRANSLATION)
register(SPEECH)


def task_named(name: str) -> Task:
    """The task of this name. Raises KeyError where there is none."""
    return _TASKS[name]


def task_names() -> tuple[str, ...]:
    """Every task's name."""
    return tuple(_TASKS)
