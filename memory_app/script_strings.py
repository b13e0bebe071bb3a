"""The texts of the pages' scripts, which contain none of their own: named and translated here.

A text with a count has a form for each plural category of the languages (one, other), chosen by its
`n`.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from memory_app.turn_notes import TURN_NOTES, WORDLESS

STRINGS: dict[str, dict[str, Any]] = {
    "chat": {
        "busy": _("A reply is still being written. Wait, or press Stop."),
        "busyElsewhere": _(
            "Not sent: a message from another tab was being answered. Send it again."
        ),
        "copied": _("copied"),
        "copy": _("copy"),
        "copyCode": _("Copy this code"),
        "gatesOf": _("gates: {text}"),
        "finished": _("The reply: {text}"),
        "answersAgain": _("The server is answering again."),
        "deleted": _("This chat was deleted and takes no more messages."),
        "elsewhere": {
            "one": _("{n} later turn is on another branch, after the other version of this turn."),
            "other": _(
                "{n} later turns are on another branch, after the other version of this turn."
            ),
        },
        "elsewhereStart": {
            "one": _("{n} turn is on another branch, which begins with another first message."),
            "other": _("{n} turns are on another branch, which begins with another first message."),
        },
        "away": _("You are offline. What you send is kept until you are back online."),
        "keptOffline": _("Will be sent when you are back online."),
        "kept": _("Not sent yet. It will be sent when the connection is back."),
        "tokensLeft": {"one": _("{n} token left"), "other": _("{n} tokens left")},
        "tooManyTokens": {
            "one": _("{count} token too many: at most {limit}."),
            "other": _("{count} tokens too many: at most {limit}."),
        },
        "left": {"one": _("{n} character left"), "other": _("{n} characters left")},
        "next": _("Say next: {text}"),
        "note": TURN_NOTES,
        "wordless": WORDLESS,
        "notSent": _("Not sent. Correct the sampling settings first: {names}."),
        "loggedOut": _("You were logged out. Log in to continue; your unsent text is kept."),
        "offlineKept": _(
            "Connection lost. Your last message will be sent first when the connection is back."
        ),
        "offlineReply": _(
            "Connection lost during a reply. You can send when the connection is back."
        ),
        "offlineStop": _("Connection lost. The reply will be stopped when it is back."),
        "offlineNow": _("Connection lost; nothing was changed. Try again when it is back."),
        "offline": _("Connection lost. Retrying in {seconds} s."),
        "reconnecting": _("Connection lost. Retrying now."),
        "redoneNow": _("Redone. Memory is back to where it was after turn {n}."),
        "replying": _("A reply is being written."),
        "sampling": _("Sampling"),
        "samplingWrong": _("Sampling: {names}?"),
        "redoOne": _("Redo one turn"),
        "redoAll": {"one": _("Redo all {n} turns"), "other": _("Redo all {n} turns")},
        "setAside": {
            "one": _("{n} turn set aside. Memory is back to where it was before that turn."),
            "other": _("{n} turns set aside. Memory is back to where it was before those turns."),
        },
        "silent": _("The server is not answering. Your text is kept."),
        "status": {
            "complete": _("complete"),
            "failed": _("failed"),
            "interrupted": _("interrupted"),
            "length": _("cut off"),
            "running": _("running"),
            "stopped": _("stopped"),
        },
        "strip": {
            "one": _("Mean gates over {n} token: {gates}"),
            "other": _("Mean gates over {n} tokens: {gates}"),
        },
        "comma": pgettext_lazy("between the items of a list", ", "),
        "treeElsewhere": _("The match is on another branch, marked here. Choose it to go there."),
        "treeHere": _("{what} You are here."),
        "treeOnPath": _("{what} On the path to where you are."),
        "treeOpen": _("All branches of this chat: {n}"),
        "treeStart": _("Start: blank memory."),
        "treeSummary": _("Turns: {turns}. Branches: {branches}. You are after turn {depth}."),
        "treeSummaryStart": _(
            "Turns: {turns}. Branches: {branches}. You are at the start: the memory is blank."
        ),
        "treeTurn": _("Turn {n}: “{text}”, {status}."),
        "unstored": _("The reply is complete but can’t be saved yet. Retrying."),
        "undoneNow": _("Undone. Memory is back to where it was after turn {n}."),
        "tooLong": {
            "one": _("{count} character too many: at most {limit}."),
            "other": _("{count} characters too many: at most {limit}."),
        },
        "pasteTooLong": {
            "one": _("Not inserted: {count} character, and a message has at most {limit}."),
            "other": _("Not inserted: {count} characters, and a message has at most {limit}."),
        },
        "blank": _("blank: all zeros"),
        "layerNorm": _("Layer {n}: |{part}| {norm}"),
        "blankMemory": _("Blank memory"),
        "unblank": _("Restore memory"),
        "unblankNote": {
            "one": _("Bring back the memory and the {n} turn that was here before."),
            "other": _("Bring back the memory and the {n} turns that were here before."),
        },
        "thisChat": _("this chat"),
        "refeeding": _("re-reading"),
        "cache": _("key-value cache"),
        "largerTokens": _("Re-reading feeds more tokens than this chat from turn {n} on."),
        "largerText": _("The transcript takes more bytes than the state from turn {n} on."),
        "largerTextLater": _(
            "The transcript still takes fewer bytes than the state. With turns as long as these, "
            "it would take more from about turn {n} on."
        ),
        "largerCache": _("A key-value cache takes more bytes than the state from turn {n} on."),
        "refeedingEstimate": _("re-reading, estimated"),
        "pace": _(
            "Its first-token time is this chat’s plus {ms} ms per reread token: the rate at which "
            "this model reads a prompt on this machine, measured."
        ),
        "turn": _("turn"),
        "noTurns": _("no turns yet"),
        "cost_tokens": _("tokens per turn"),
        "cost_bytes": _("bytes kept"),
        "cost_wait": _("first token, ms"),
    },
    "upload": {
        "failed": _("The upload failed. Try again."),
        "reading": _("Upload complete. Reading the file; a large file takes a minute or two."),
        "sent": _("{share} uploaded"),
        "tooLarge": _("This file is larger than the site accepts."),
    },
    "gates": {
        "failed": _("The gates couldn’t be loaded. Reload the page."),
        "failedPart": _("Loading failed. Choose it again to retry."),
        "tooLarge": _("This turn is too large to draw here. Download its trace instead."),
        "above": _("above {edge}: {share}"),
        "below": _("below {edge}: {share}"),
        "tokens": {"one": _("{n} token"), "other": _("{n} tokens")},
        "units": {"one": _("{n} unit"), "other": _("{n} units")},
        "head": _("head {n}"),
        "matrix": _("Matrix memory of head {head}: {keys} keys by {values} values"),
        "map": _("{gate}, layer {layer}: {tokens} by {units}"),
        "mapLabel": _(
            "Heatmap of {gate} in layer {layer}. Arrow keys move by one, with Shift by ten. "
            "Enter chooses the unit and pins the token."
        ),
        "layer": _("Layer {n}"),
        "allLayers": _("All layers"),
        "allValues": _("All values of {gate} in layer {layer}"),
        "unitOf": _("{unit} / {units}, layer {layer}"),
        # A span with a decimal or of ten and more: never one.
        "tokensLong": _("{span} tokens"),
        "unitName": _("Unit {unit} of layer {layer}"),
        "coloured": _("The sentence is coloured by {gate} of unit {unit} in layer {layer}."),
        "chosenFirst": _(
            "Chosen automatically: of the {most} units that changed most, {gate} varied most in "
            "this one. It colours the sentence."
        ),
        "colourNone": _("Choose a unit to colour the sentence by its values."),
        "pinNone": _("Choose a token to see other likely tokens."),
        "fetching": _("Token {n}: loading…"),
        "chosen": _(
            "Token {n}, “{token}”, was sampled with probability {p}, rank {rank}. Entropy: "
            "{bits} bits ({nats} nats)."
        ),
        "fed": _(
            "Token {n}, “{token}”, was input, not sampled: the model gave it probability {p}, "
            "rank {rank}. Entropy: {bits} bits ({nats} nats)."
        ),
        "axisToken": _("token"),
        "axisValue": _("value"),
        "plotNote": _("Turn “{text}”: {tokens} on {name}"),
        "copied": _("Copied"),
        "copyAddress": _("Copying failed. Copy the link from the address bar."),
        "pictureNoteWindow": _(
            "{layer}, units by {sort}; tokens {first} to {last} of {total} on {name}"
        ),
        "equalHere": _("The replies are equal in these tokens."),
        "pictureNote": _("{layer}, units by {sort}; {tokens} on {name}"),
        "thisReply": _("this reply"),
        "otherReply": _("reply {n}"),
        "difference": _("reply {n} minus this one"),
        "parts": _("The replies are equal up to token {n}. The difference starts there."),
        "neverParts": _("The replies are equal over their common length."),
    },
    "side_by_side": {
        "down": _("Connection lost. Retrying now."),
        "gone": _("This chat is not available: it was deleted, or you were logged out."),
        "failed": _("This reply failed. Send the message again."),
        "seed": _("The seed is a whole number from 0 to 2⁵³ − 1."),
    },
    "curves": {
        "daysBefore": _("days before today"),
        "step": _("step"),
        "titles": {
            "loss": _("Training loss"),
            "bits_per_byte": _("Validation"),
            "recall": _("Recall of stated facts"),
            "gradient_norm": _("Gradient norm"),
            "learning_rate": _("Learning rate"),
            "tokens_per_second": _("Speed"),
        },
        "units": {
            "loss": _("nats per token"),
            "bits_per_byte": _("bits per byte"),
            "recall": _("share correct"),
            "gradient_norm": _("norm"),
            "learning_rate": _("learning rate"),
            "tokens_per_second": _("tokens/s"),
        },
        "use": {"chats": _("chats"), "turns": _("turns"), "tokens": _("tokens")},
        "waiting": _("no data yet"),
        "nothing": _("no data recorded"),
        "noValidation": _("none of its corpora has a validation split"),
        "minutes": _("minutes since start"),
        "gap": _("gap {n}"),
    },
}
