"""One JSON object as a dialogue: turns, OpenAI's messages, ShareGPT's conversations, or a pair."""

from __future__ import annotations

import itertools
import json
from typing import Any

from memory_app.core import strict_json
from memory_app.core.data.dialogue_row import NO_PRIME, RefusedError, Taken, normalise
from memory_app.core.strict_json import StrictJSONError

#: What each role is here; "" is a message that is left out and counted.
ROLES = {
    "turns": {"user": "user", "bot": "bot"},
    "messages": {
        "user": "user",
        "assistant": "bot",
        "bot": "bot",
        "system": "",
        "developer": "",
        "tool": "",
        "function": "",
    },
    "conversations": {
        "human": "user",
        "user": "user",
        "gpt": "bot",
        "assistant": "bot",
        "bot": "bot",
        "system": "",
        "developer": "",
        "tool": "",
        "observation": "",
        "function_call": "",
    },
}
KEYS = {
    "turns": ("role", "text"),
    "messages": ("role", "content"),
    "conversations": ("from", "value"),
}
#: Keys of what is asked, of what it is asked about, if anything, and of the reply.
PAIRS = (
    ("instruction", "input", "output"),
    ("prompt", "", "completion"),
    ("prompt", "", "response"),
    ("question", "", "answer"),
    ("text", "", "label"),
)


def from_json(text: str) -> Taken:
    """The dialogue of one JSON object in any of the shapes.

    Raises:
        RefusedError: it isn't JSON, is in no known shape, or its dialogue can't be taken.
    """
    try:
        row: Any = strict_json.loads(text)
    except StrictJSONError as fault:
        raise RefusedError(fault.sentence) from None
    if not isinstance(row, dict):
        raise RefusedError("not a JSON object")
    shape = next((name for name in KEYS if name in row), None)
    turns = _pair(row) if shape is None else _turns(row[shape], shape)
    spoken = [(role, said) for role, said in turns if role]
    opening = sum(1 for _ in itertools.takewhile(lambda turn: turn[0] == "bot", spoken))
    identity = row.get("id")
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        identity = None
    return Taken(
        normalise(spoken),
        None if identity is None else _clean_id(str(identity)),
        len(turns) - len(spoken) + opening,
    )


def _turns(said: Any, shape: str) -> list[tuple[str, str]]:
    if not isinstance(said, list) or not said:
        raise RefusedError("{key} is not a list of turns", key=shape)
    role_key, text_key = KEYS[shape]
    if shape == "conversations" and isinstance(said[0], dict) and "from" not in said[0]:
        role_key, text_key = KEYS["messages"]
    turns: list[tuple[str, str]] = []
    for turn in said:
        role = turn.get(role_key) if isinstance(turn, dict) else None
        known = ROLES[shape].get(role) if isinstance(role, str) else None
        if known == "" or (known == "bot" and _is_call(turn, text_key)):
            turns.append(("", ""))
            continue
        text = _text(turn.get(text_key)) if isinstance(turn, dict) else None
        if text is None:
            raise RefusedError("a turn whose {key} is missing or not a string", key=text_key)
        if known is None:
            raise RefusedError("unknown role {role}", role=json.dumps(role)[:40])
        turns.append((known, text))
    return turns


def _is_call(turn: dict[str, Any], text_key: str) -> bool:
    """Whether an assistant's message calls a tool and says nothing."""
    return not turn.get(text_key) and bool(turn.get("tool_calls") or turn.get("function_call"))


def _text(content: Any) -> str | None:
    """A message's text; OpenAI's list of parts is one text as long as each part is text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        return None
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    texts = [text for text in parts if isinstance(text, str)]
    return "\n".join(texts) if len(texts) == len(content) else None


def _pair(row: dict[str, Any]) -> list[tuple[str, str]]:
    """An exchange of two keys; Alpaca's `input` is what its instruction is about."""
    for asked, about, replied in PAIRS:
        if asked not in row or replied not in row:
            continue
        for key in (asked, replied):
            if not isinstance(row[key], str):
                raise RefusedError("a row whose {key} is missing or not a string", key=key)
        context = row.get(about) if about else None
        has_context = isinstance(context, str) and context.strip()
        question = f"{row[asked]}\n\n{context}" if has_context else row[asked]
        return [("user", question), ("bot", row[replied])]
    if "text" in row:
        return _plain(row)
    raise RefusedError("no turns, messages or conversations, and no instruction with its output")


def _plain(row: dict[str, Any]) -> list[tuple[str, str]]:
    """A text by itself, or behind its prime: what a model is given to begin it with."""
    prime = row.get("prime") or NO_PRIME
    for key, value in (("text", row["text"]), ("prime", prime)):
        if not isinstance(value, str):
            raise RefusedError("a row whose {key} is missing or not a string", key=key)
    return [("user", prime), ("bot", row["text"])]


def _clean_id(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:200]
