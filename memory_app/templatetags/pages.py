"""Tags of the page templates beyond Django's own: status notes, strings for the scripts."""

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from memory_app import change_notes
from memory_app.core.inspection.long_trace import LONG
from memory_app.core.number_text import size_text
from memory_app.markdown import markdown_or_nothing
from memory_app.models import Checkpoint, Turn
from memory_app.script_strings import STRINGS
from memory_app.turn_notes import turn_note

register = template.Library()

#: Characters of a message and its reply: about 25 printed lines.
TALL = 2000


@register.filter
def status_note(turn: Turn | None) -> str | Promise:
    """The sentence under a reply that did not end by itself; empty for one that did."""
    return turn_note(turn) if turn else ""


@register.filter
def change_note(turn: Turn | None) -> str:
    """What a turn that isn't talk did to the memory."""
    return change_notes.change_note(turn) if turn else ""


@register.filter
def turn_word(status: str) -> str | Promise:
    """A turn's status in words."""
    return STRINGS["chat"]["status"].get(status, status)


@register.filter
def thousands(count: int | None) -> str:
    """1234567 -> "1,234,567"; an en dash for an unknown number."""
    return f"{count:,}" if isinstance(count, int) else "–"


@register.filter
def correlation(value: float) -> str:
    """-0.382 -> "−0.38"."""
    return f"{value:.2f}".replace("-", "−")


@register.filter
def sureness(probability: float) -> str:
    """0.97, and near one a digit more, never rounded up to it; as js/chat/gauge_rows.js."""
    if probability < 0.995:
        return f"{probability:.2f}"
    return f"{int(min(probability, 0.999) * 1000) / 1000:.3f}"


@register.simple_tag
def model_sizes(checkpoint: Checkpoint) -> str:
    """The model's name and sizes in one sentence."""
    layers = ngettext("%(n)s layer", "%(n)s layers", checkpoint.num_layers) % {
        "n": thousands(checkpoint.num_layers)
    }
    units = ngettext("%(n)s LSTM unit", "%(n)s LSTM units", checkpoint.hidden_size) % {
        "n": thousands(checkpoint.hidden_size)
    }
    return _("Model: %(name)s, %(layers)s of %(units)s.") % {
        "name": checkpoint.name,
        "layers": layers,
        "units": units,
    }


@register.simple_tag
def turn_sizes(tokens: int, checkpoint: Checkpoint) -> str:
    """What a gate view shows, in one sentence."""
    counts = {
        "tokens": ngettext("%(n)s token", "%(n)s tokens", tokens) % {"n": thousands(tokens)},
        "layers": ngettext("%(n)s layer", "%(n)s layers", checkpoint.num_layers)
        % {"n": thousands(checkpoint.num_layers)},
        "units": ngettext("%(n)s unit", "%(n)s units", checkpoint.hidden_size)
        % {"n": thousands(checkpoint.hidden_size)},
        "name": checkpoint.name,
    }
    return (
        _(
            "%(tokens)s, %(layers)s of %(units)s, replayed on %(name)s "
            "from the memory before this turn."
        )
        % counts
    )


@register.simple_tag
def token_range(window: dict[str, int], whole: bool = False) -> str:
    """1 to 2,048, of a window of a very long turn; `whole`: as a sentence with the turn's size."""
    numbers = {
        "first": thousands(window["first"] + 1),
        "last": thousands(window["stop"]),
        "total": thousands(window["total"]),
    }
    if whole:
        return _("Tokens %(first)s to %(last)s of %(total)s") % numbers
    return _("%(first)s to %(last)s") % numbers


@register.simple_tag
def tokens_before(count: int) -> str:
    """The note that a far window waits for the replay of those before it."""
    return _(
        "Replaying the %(n)s tokens before this window first. This can take several seconds…"
    ) % {"n": thousands(count)}


@register.filter
def is_very_long(turn: Turn | None) -> bool:
    """Whether a turn's gates are shown in windows, and its strip is drawn only on request."""
    return turn is not None and len(turn.user_token_ids) + len(turn.reply_token_ids) > LONG


@register.filter
def is_tall(turn: Turn | None) -> bool:
    """Whether a turn takes half a printed page or more, by the length of its texts."""
    return turn is not None and len(turn.user_text) + len(turn.reply_text) > TALL


@register.filter
def reply_html(turn: Turn | None) -> SafeString:
    """A reply that has ended, as Markdown; empty where its plain text shows the same."""
    return markdown_or_nothing(turn.reply_text) if turn and turn.reply_text else SafeString()


@register.filter
def size(count: int | None) -> str:
    """13312 -> "13 KiB"."""
    return size_text(count or 0)


@register.simple_tag
def gap() -> str:
    """The space between two sentences; empty in Chinese, where the full stop includes it."""
    return "" if (get_language() or "").startswith("zh") else " "


@register.simple_tag
def strings(page: str) -> SafeString:
    """The texts of one page's scripts as a JSON data block (no script, so the CSP is content)."""
    return json_script(STRINGS[page], "strings")


@register.filter
def state_parts_text(checkpoint: dict[str, Any]) -> str:
    """The parts of a state in words: "hidden state h and cell state c"."""
    parts = [f"{part['label']} {part['name']}" for part in checkpoint["parts"]]
    if len(parts) == 1:
        return parts[0]
    comma = pgettext("between the items of a list", ", ")
    return _("{first} and {last}").format(first=comma.join(parts[:-1]), last=parts[-1])
