"""The sentence under a reply that did not simply end."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from memory_app.models import Turn

TURN_NOTES: dict[str, str | Promise] = {
    "stopped": _("Stopped. The model remembers what it wrote up to here."),
    "unbegun": _("Stopped before the reply began."),
    "empty": _("The reply is empty: the model ended it at once."),
    "length": _("Cut off: the reply reached the length limit."),
    "loop": _("Cut off: the reply repeated itself."),
    "interrupted": _("The server stopped during this reply. Memory is unchanged."),
    "fixed": _("A fixed answer of this site, not the model’s. It is in the memory as if said."),
    "failed": _("This reply failed. Memory is unchanged."),
}
#: The note of a turn whose reply has no text, by its status; for `noteOf` in js/chat/turn.js too.
WORDLESS = {"stopped": "unbegun", "complete": "empty"}


def turn_note(turn: Turn) -> str | Promise:
    """A sentence on how the reply ended; empty for one that simply did."""
    if turn.is_committed and isinstance(turn.parameters, dict) and "fixed" in turn.parameters:
        return TURN_NOTES["fixed"]
    wordless = "" if turn.reply_text else WORDLESS.get(turn.status, "")
    return TURN_NOTES.get(wordless or turn.cut_by or turn.status, "")
