"""What the page templates need beyond Django's own tags: status notes, strings for the scripts."""

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from memory_app.markdown import markdown_or_nothing
from memory_app.models import Turn

register = template.Library()

STATUS_NOTES: dict[str, str | Promise] = {
    "stopped": _("Stopped. It remembers what it said up to here."),
    "length": _("Cut off at the length limit, or because it went in circles."),
    "interrupted": _(
        "The server stopped in the middle of this reply. The memory is as it was before."
    ),
    "failed": _("This reply failed. The memory is as it was before."),
}

# The scripts hold no words of their own: what they say is named here and translated here. A text
# that counts has a form for each plural category of the languages (one, other), chosen by its n.
STRINGS: dict[str, dict[str, Any]] = {
    "chat": {
        "busy": _("A reply is still being written. Wait, or press Stop."),
        "copied": _("copied"),
        "copy": _("copy"),
        "copyCode": _("Copy this code"),
        "finished": _("The reply:"),
        "gone": _("This chat is gone: it was deleted, or you were logged out."),
        "kept": _("Not sent yet. It goes out when the connection is back."),
        "left": {"one": _("{n} character left"), "other": _("{n} characters left")},
        "next": _("Say next: {text}"),
        "note": STATUS_NOTES,
        "notSent": _("Not sent: put the sampling settings right first ({names})."),
        "offlineNow": _("Connection lost; nothing was changed. Try again when it is back."),
        "offline": _("Connection lost. Retrying in {seconds} s."),
        "reconnecting": _("Connection lost. Retrying now."),
        "redoneNow": _("Redone: the memory is as it was after turn {n}."),
        "replying": _("The reply is being written."),
        "sampling": _("Sampling"),
        "samplingWrong": _("Sampling: {names}?"),
        "setAside": {
            "one": _("{n} turn set aside. Memory is back to where it was before it."),
            "other": _("{n} turns set aside. Memory is back to where it was before them."),
        },
        "status": {
            "complete": _("complete"),
            "failed": _("failed"),
            "interrupted": _("interrupted"),
            "length": _("cut off"),
            "running": _("running"),
            "stopped": _("stopped"),
        },
        "strip": _("Mean gates over {n} tokens: input {i}, forget {f}, output {o}"),
        "stripToken": _("{token}  i {i}  f {f}  o {o}"),
        "treeElsewhere": _("The match is on another branch, marked here. Choose it to go there."),
        "treeHere": _("You are here."),
        "treeOnPath": _("On the way to where you are."),
        "treeOpen": _("Every branch of this chat: {n}"),
        "treeStart": _("Start: the blank memory."),
        "treeSummary": _("Turns: {turns}. Branches: {branches}. You are {depth} turns deep."),
        "treeTurn": _("Turn {n}: “{text}”, {status}."),
        "undoneNow": _("Undone: the memory is as it was after turn {n}."),
        "tooLong": {
            "one": _("{n} character too many: at most {limit}."),
            "other": _("{n} characters too many: at most {limit}."),
        },
        "blank": _("blank: all zeros"),
        "layer": _("Layer {n}"),
        "blankMemory": _("Blank memory"),
        "blankNote": _("Clear the memory. Your messages are kept."),
        "unblank": _("Restore memory"),
        "unblankNote": _("Back to before you blanked it."),
        "thisChat": _("this chat"),
        "refeeding": _("re-reading"),
        "refeedingEstimate": _("re-reading, estimated"),
        "pace": _(
            "Its first-token time is estimated at {ms} ms per reread token, the pace of this "
            "chat’s replies: reading and writing a token are each one step of the LSTM."
        ),
        "turn": _("turn"),
        "cost_tokens": _("tokens per turn"),
        "cost_bytes": _("bytes kept"),
        "cost_wait": _("first token, ms"),
    },
    "upload": {
        "failed": _("It couldn’t be sent. Try again."),
        "reading": _("All sent. It is being read; a large file takes a minute or two."),
        "sent": _("{share} sent"),
        "tooLarge": _("This is larger than the site takes."),
    },
    "gates": {
        "explain": {
            "i": _("Input gate i: how much of the new candidate is written, per unit."),
            "f": _("Forget gate f: how much of the old cell stays, per unit."),
            "g": _("Candidate g: what would be written into the cell, from −1 to 1."),
            "o": _("Output gate o: how much of the cell is shown to the next layer."),
            "c": _("Cell state c: what is remembered after this token."),
            "h": _("Hidden state h: what is shown of the cell, h = o · tanh c."),
        },
        "failed": _("The gates couldn’t be loaded. Load the page again."),
        "failedPart": _("This couldn’t be loaded. Choose it again to try again."),
        "tooLarge": _("This turn is too large to draw here. Download its trace instead."),
        "above": _("above {edge}: {share}"),
        "below": _("below {edge}: {share}"),
        "map": _("{gate}, layer {layer}: {tokens} tokens by {units} units"),
        "mapLabel": _(
            "Heatmap of {gate} in layer {layer}: arrow keys move, with Shift by ten; Enter "
            "chooses the unit and pins the token"
        ),
        "layer": _("Layer {n}"),
        "allLayers": _("All layers"),
        "allValues": _("All values of {gate} in layer {layer}"),
        "unitOf": _("{unit} / {units}, layer {layer}"),
        "tokensLong": _("{n} tokens"),
        "unitName": _("Unit {unit} of layer {layer}"),
        "coloured": _("The sentence is coloured by {gate} of unit {unit} in layer {layer}."),
        "colourNone": _("Choose a unit to colour the sentence by it."),
        "pinNone": _("Choose a token to see other likely tokens."),
        "chosen": _(
            "Token {n}, “{token}”, was chosen with probability {p}, rank {rank}. "
            "Entropy there: {bits} bits ({nats} nats)."
        ),
        "fed": _(
            "Token {n}, “{token}”, was fed, not chosen: the model gave it {p}, rank {rank}. "
            "Entropy there: {bits} bits ({nats} nats)."
        ),
        "axisToken": _("token"),
        "axisValue": _("value"),
        "copied": _("Copied"),
        "copyAddress": _("Copy it from the address bar."),
        "pictureNote": _("{layer}, units by {sort}; {tokens} tokens on {name}"),
        "thisReply": _("this reply"),
        "otherReply": _("reply {n}"),
        "difference": _("reply {n} minus this one"),
        "parts": _("Equal up to token {n}, where the replies part; there the difference begins."),
        "neverParts": _("Equal as far as both go."),
        "otherPrompt": _("Another message to the same memory, so there is no difference to draw."),
    },
    "side_by_side": {
        "down": _("Connection lost. Retrying now."),
        "gone": _("This chat is gone: it was deleted, or you were logged out."),
        "failed": _("This reply failed. Send the message again."),
        "seed": _("The seed is a whole number from 0 to 2⁵³ − 1."),
    },
    "curves": {
        "daysBefore": _("days before today"),
        "step": _("step"),
        "titles": {
            "loss": _("Training loss"),
            "bits_per_byte": _("Validation"),
            "recall": _("Recall of told facts"),
            "gradient_norm": _("Gradient norm"),
            "learning_rate": _("Learning rate"),
            "tokens_per_second": _("Speed"),
        },
        "units": {
            "loss": _("nats per token"),
            "bits_per_byte": _("bits per byte"),
            "recall": _("share right"),
            "gradient_norm": _("norm"),
            "learning_rate": _("rate"),
            "tokens_per_second": _("tokens/s"),
        },
        "use": {"chats": _("chats"), "turns": _("turns"), "tokens": _("tokens")},
        "waiting": _("no point yet"),
        "gap": _("gap {n}"),
    },
}


@register.filter
def status_note(status: str | None) -> str | Promise:
    """The sentence under a reply that did not simply end; empty for one that did."""
    return STATUS_NOTES.get(status or "", "")


@register.filter
def thousands(count: int | None) -> str:
    """1234567 -> "1,234,567"; an en dash for what isn't known."""
    return f"{count:,}" if isinstance(count, int) else "–"


@register.filter
def reply_html(turn: Turn | None) -> SafeString:
    """A reply that has ended, as Markdown; nothing where its plain text shows the same."""
    return markdown_or_nothing(turn.reply_text) if turn and turn.reply_text else SafeString()


@register.filter
def kilobytes(size: int) -> str:
    """8192 -> "8 KB": a state is a round number of them, and says so."""
    return f"{size / 1024:g}\N{NO-BREAK SPACE}KB"


@register.simple_tag
def strings(page: str) -> SafeString:
    """The words of one page's scripts as a JSON data block (no script, so the CSP is content)."""
    return json_script(STRINGS[page], "strings")
