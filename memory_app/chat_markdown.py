"""A chat as Markdown for people: the branch of its head, word for word.

Messages and replies are plain text: Markdown and HTML in them are escaped.
"""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from memory_app.change_notes import change_note
from memory_app.models import Chat, Turn
from memory_app.turn_notes import turn_note

# All characters that may begin a structure within a line; entities, raw HTML and formulas too. An
# image begins with "![", whose bracket is escaped.
_INLINE = re.compile(r"([\\`*_\[\]<>&~|$])")


def literal(text: str) -> str:
    """Markdown that shows exactly this text, line by line."""
    lines = []
    for line in re.split(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text):
        line = _INLINE.sub(r"\\\1", line.strip().replace("\t", " "))
        line = re.sub(r"^(\d{1,9})([.)])", r"\1\\\2", line)
        lines.append(re.sub(r"^([#+\-=:])", r"\\\1", line))
    # An empty line separates paragraphs; any other break is a line break.
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "\\\\\n", "\n".join(lines)).strip("\n")


def chat_markdown(chat: Chat, path: Sequence[Turn], others: int) -> str:
    """The turns of one branch, oldest first; `others` counts those on other branches."""
    # Outside of f-strings, which gettext doesn't parse.
    named, begun, turns = _("Checkpoint"), _("Started"), _("Turns")
    you, bot = _("you"), _("bot")
    facts = [
        f"- {named}: {literal(chat.checkpoint.name)}, `{chat.checkpoint.sha256[:12]}`",
        f"- {begun}: {chat.created:%Y-%m-%d %H:%M} UTC",
        f"- {turns}: {len(path)}",
    ]
    title = literal(chat.title) or _("New chat")
    parts = [f"# {title}", "\n".join(facts)]
    if others:
        note = ngettext(
            "{n} turn on another branch is not in this file. The JSON download has all turns.",
            "{n} turns on other branches are not in this file. The JSON download has all turns.",
            others,
        )
        parts.append(f"*{note.format(n=others)}*")
    for turn in path:
        if not turn.is_talk:
            parts.append(f"*{literal(change_note(turn))}*")
            continue
        parts += [f"**{you}**", literal(turn.user_text)]
        parts += [f"**{bot}**", literal(turn.reply_text) or f"*{turn_note(turn)}*"]
    return "\n\n".join(parts) + "\n"
