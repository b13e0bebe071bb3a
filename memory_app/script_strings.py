"""The texts of the pages' scripts, which contain none of their own: named and translated here.

A text with a count has a form for each plural category of the languages (one, other), chosen by its
`n`.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from memory_app.trace_strings import TRACE_STRINGS
from memory_app.turn_notes import TURN_NOTES, WORDLESS

#: What is used of the messages that one may send, by the seconds of the limit.
USED = {
    1: _("{used} of {most} messages this second"),
    60: _("{used} of {most} messages this minute"),
    3600: _("{used} of {most} messages this hour"),
    86400: _("{used} of {most} messages today"),
}

STRINGS: dict[str, dict[str, Any]] = {
    "lab": {
        "bitsOf": _("“{text}” surprised it by {bits} bits."),
        "characterBits": _("{text}: {bits} bits"),
        "continuation": _("From place {n}, seed {seed}"),
        "endOfText": _("the text’s end"),
        "ended": _("The text has ended."),
        "full": _(
            "The text has reached the length that is kept here. Save it, or start a new text."
        ),
        "inPlace": _("In its place it would also have written: {others}."),
        "leftState": _("what the state says"),
        "leftTrue": _("letters left in the line"),
        "leftAxis": _("letters left"),
        "mark": {
            "one": _("a line of {n} letter, {lines} after it"),
            "other": _("a line of {n} letters, {lines} after it"),
        },
        "meanBits": _("{bits} bits per character on average"),
        "noLine": _("no line yet"),
        "place": _("place"),
        "primeOf": _("{prime}, seed {seed}"),
        "sameBeside": _(
            "At this seed it would be the same text: choose another beginning or temperature first."
        ),
        "stopped": _("Stopped."),
        "textFailed": _("The text couldn’t be continued. Try again."),
        "wholeOf": _("Whole text, seed {seed}"),
        "writing": _("Writing…"),
        "blank": _("blank"),
        "byAttention": _("Attention added {by} to its logit, the state the rest."),
        "chooseWord": _("Choose a word to see what else was likely there."),
        "englishWords": _("words of the English sentence"),
        "looksAt": _("“{written}” looks at “{source}”: {value}"),
        "lostWithout": _("“{written}” without “{source}”: {value} bits"),
        "pathOf": _("The state’s path while it reads “{read}” and writes “{written}”"),
        "planeShare": _("plane: {share} of the variance"),
        "translated": _("Translated."),
        "translateFailed": _("The sentence couldn’t be translated. Try again."),
        "translating": _("Translating…"),
        "connecting": _("Connecting…"),
        "finishing": _("Finishing…"),
        "listening": _("Listening. Say digits."),
        "noMicrophone": _("This browser gives no microphone here. Open a sound file instead."),
        "noSound": _("This file contains silence only."),
        "notAllowed": _(
            "The microphone wasn’t allowed. Allow it in the browser’s settings for this site, or "
            "open a sound file."
        ),
        "nothingHeard": _("No digit was recognised."),
        "notSound": _("The browser can’t read this file as sound."),
        "playing": _("Playing…"),
        "soundFailed": _("The connection broke. Try again."),
        "sure": _("{percent} sure when it was recognised"),
        "soundTooLong": _("A recording has at most {n} seconds."),
        "at": _("{gate} = {value} · unit {unit} of layer {layer} · {token}"),
        "atWord": _("at “{word}”"),
        "csvBinary": _("This file isn’t UTF-8 text."),
        "csvDone": {
            "one": _("{n} text read: {positive} positive."),
            "other": _("{n} texts read: {positive} positive."),
        },
        "csvEmpty": _("This file contains no rows."),
        "csvLarge": _("This file is larger than 8 MiB."),
        "csvReading": _("Reading: {n} of {all} texts…"),
        "csvRight": _("{right} of {known} labels agree ({share})."),
        "csvRows": _("This file has more than {n} rows. Split it."),
        "cut": _("(the rest is too long to be read)"),
        "end": _("end"),
        "failed": _("The texts couldn’t be read. Try again."),
        "free": _("score"),
        "freeValue": _("After the text its h is {value}. The score is {score}."),
        "heldAt": _("held at {value}"),
        "heldValue": _(
            "Held at {value} while the text is read, the score is {score} instead of {free}."
        ),
        "manyTexts": _("Only the first {n} texts are shown. For more, use a CSV file."),
        "mapLabel": _("Gate {gate} of layer {layer}: units by tokens"),
        "noText": _("no text yet"),
        "score": _("probability of positive"),
        "start": _("start"),
        "tooLong": _(
            "A text of more than {n} tokens is too long to be read again with the unit held."
        ),
        "unit": _("unit {unit}"),
        "unitValue": _("h of unit {unit}, from −1 to 1"),
        "wholeText": _("over the whole text"),
        "word": _("word"),
        "wordScore": _("{word}: {score}"),
    },
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
            "one": _("{n} later turn is on another branch, after another version of this turn."),
            "other": _(
                "{n} later turns are on another branch, after another version of this turn."
            ),
        },
        "elsewhereStart": {
            "one": _("{n} turn is on another branch, which begins with another first message."),
            "other": _("{n} turns are on another branch, which begins with another first message."),
        },
        "away": _("You are offline. What you send is kept until you are back online."),
        "keptOffline": _("Will be sent when you are back online."),
        "kept": _("Not sent yet. It will be sent when the connection is back."),
        "keptLoggedOut": _("Not sent yet. It will be sent when you log in."),
        "tokensLeft": {"one": _("{n} token left"), "other": _("{n} tokens left")},
        "tooManyTokens": {
            "one": _("{count} token too many: at most {limit}."),
            "other": _("{count} tokens too many: at most {limit}."),
        },
        "left": {"one": _("{n} character left"), "other": _("{n} characters left")},
        "next": _("Say next: {text}"),
        "note": TURN_NOTES,
        "held": _("Held: {what}"),
        "heldKeep": _("never forget"),
        "heldWrite": _("nothing new"),
        "heldBias": _("forget bias {value}"),
        "forgot": _(
            "“{text}” is left out of the memory. Replies that were already written stay as they "
            "were."
        ),
        "forgetting": _("Forgetting: the later turns are being read again."),
        "forgetTurn": _("Forget turn {n}: {text}"),
        "actFailed": _("That failed. Check your connection and try again."),
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
        "treeChange": _("Turn {n}: {text}"),
        "treeTurn": _("Turn {n}: “{text}”, {status}."),
        "used": USED,
        "queued": {
            "one": _("Busy: {n} message is read before yours."),
            "other": _("Busy: {n} messages are read before yours."),
        },
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
        "unknown": _("doesn’t know"),
        "faded": _("faded"),
        "unsure": _("The model is unsure: it would more often say something else."),
        "gaugeAsked": _("Asked: “{question}”"),
        "gaugeAnswer": _("It says: “{answer}” Probability of the whole reply: {p}."),
        "gaugeNew": _("{label}: now {value}."),
        "gaugeChanged": _("{label}: now {value}, before {old}."),
        "gaugeGone": _("{label}: no longer known."),
        "gaugeFull": {
            "one": _("At most {n} question. Remove one first."),
            "other": _("At most {n} questions. Remove one first."),
        },
        "cellsBeyond": {
            "one": _("{n} cell beyond this scale (its 99th percentile) is drawn black or white."),
            "other": _(
                "{n} cells beyond this scale (its 99th percentile) are drawn black or white."
            ),
        },
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
        **TRACE_STRINGS,
    },
    "upload": {
        "failed": _("The upload failed. Try again."),
        "reading": _("Upload complete. Reading the file; a large file takes a minute or two."),
        "sent": _("{share} uploaded"),
        "tooLarge": _("This file is larger than the site accepts."),
    },
    "gates": {
        "gaugeAxis": _("probability"),
        "gaugeNone": _("The memory gives no answer to this, before or after the turn."),
        "gaugeReads": _("Asking the memory after every token…"),
        "gaugeWaits": _("Waiting until no reply is being generated…"),
        "gaugeBusy": _("Skipped while a reply is generated. Choose the question again."),
        "gaugeMoment": _("At “{word}” (token {n}) {value} rises to {p}."),
        "gaugeSteady": _("{value} stays the answer: {before} before the turn, {after} after it."),
        "failed": _("The gates couldn’t be loaded. Reload the page."),
        "failedPart": _("Loading failed. Choose it again to retry."),
        "tooLarge": _("This turn is too large to draw here. Download its trace instead."),
        "above": _("above {edge}: {share}"),
        "below": _("below {edge}: {share}"),
        "tokens": {"one": _("{n} token"), "other": _("{n} tokens")},
        "units": {"one": _("{n} unit"), "other": _("{n} units")},
        "head": _("head {n}"),
        "story": _("Most changed at “{word}”: the memory that lasts moved by {by}."),
        "storySlow": _(
            "Layer {layer}: {slow} of {units} units keep a value for {span} tokens or more. The "
            "bars show how far these moved together at each token. All units together moved by "
            "{by} there."
        ),
        "storyAll": _(
            "No unit of layer {layer} keeps a value for long, so the bars show how far {name} "
            "moved in all {n} units at each token."
        ),
        "storyHeads": _(
            "The bars show how far the matrices of all {n} heads of layer {layer} moved at each "
            "token."
        ),
        "moves": _(
            "How far the memory of layer {layer} moved at each token: farthest at “{word}”, by {by}"
        ),
        "band": _("timescale {span} tokens: {units}"),
        "bandsAxis": _("units ↓ by timescale (tokens)"),
        "headsAxis": _("rows ↓ by head"),
        "unitsAxis": _("units ↓"),
        "matrix": _("Matrix memory of head {head}: {keys} keys by {values} values"),
        "map": _("{gate}, layer {layer}: {tokens} by {units}"),
        "mapLabel": _(
            "Heatmap of {gate} in layer {layer}. Arrow keys move by one, with Shift by ten. "
            "Enter chooses the unit and pins the token."
        ),
        "layer": _("Layer {n}"),
        "allLayers": _("All layers"),
        "allValues": _("All values of {gate} in layer {layer}"),
        "saturatedValues": _("Saturated values in layer {layer}"),
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
        "thisTurn": _("this turn"),
        "otherTurn": _("turn “{text}”"),
        "differenceTurn": _("the other turn minus this one, where their tokens are aligned"),
        "there": _("there"),
        "aligned": {
            "one": _("{n} token of {tokens} here and {others} there is aligned."),
            "other": _("{n} tokens of {tokens} here and {others} there are aligned."),
        },
        "otherReply": _("reply {n}"),
        "difference": _("reply {n} minus this one"),
        "parts": _("The replies are equal up to token {n}. The difference starts there."),
        "neverParts": _("The replies are equal over their common length."),
    },
    "timeline": {
        "failed": _("The timeline couldn’t be loaded. Reload the page."),
        "empty": _("No turns yet: the memory is blank. Send a message, then come back."),
        "window": _("Turns {first} to {last} of {total} are shown, and the blank memory."),
        "damaged": {
            "one": _("{n} turn is left out: its memory is damaged."),
            "other": _("{n} turns are left out: their memory is damaged."),
        },
        "blank": _("blank memory"),
        "turnName": _("turn {n}"),
        "turnLabel": _("turn {n}: {text}"),
        "layer": _("Layer {n}"),
        "summary": _(
            "Layer {layer}: the memory moved farthest in turn {most} (“{text}”), by {by}. After "
            "turn {last} its distance to the blank memory is {norm}; of all earlier states that of "
            "turn {near} is nearest, at {gap}."
        ),
        "summaryOne": _(
            "Layer {layer}: turn {most} (“{text}”) moved the memory by {by} from the blank memory."
        ),
        "axis": _("component {n}: {share} of the variance"),
        "pathLabel": _(
            "Path of the memory of layer {layer} in the plane of its two main components"
        ),
        "cell": _("{row}, {column}: distance {value}"),
        "matrixLabel": _(
            "Distances between the states of layer {layer}. Arrow keys move, Enter opens the turn "
            "of the row."
        ),
        "scaleLow": _("0: the same"),
        "scaleHigh": _("{top}: farthest apart"),
        "norm": _("distance to the blank memory (norm)"),
        "moved": _("moved in the turn"),
        "toLast": _("distance to the last state"),
        "xTurn": _("turn"),
        "yDistance": _("distance"),
        "openTurn": _("Open turn {n}"),
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
            "accuracy": _("Validation accuracy"),
            "f1": _("F1, precision and recall"),
            "cross_entropy": _("Validation cross-entropy"),
            "bits_per_character": _("Validation"),
            "form": _("Form of the texts that it writes"),
            "chrf": _("Validation chrF"),
            "bleu": _("Validation BLEU"),
            "wer": _("Word error rate"),
            "gradient_norm": _("Gradient norm"),
            "learning_rate": _("Learning rate"),
            "tokens_per_second": _("Speed"),
        },
        "units": {
            "loss": _("nats per token"),
            "bits_per_byte": _("bits per byte"),
            "recall": _("share correct"),
            "accuracy": _("share correct"),
            "f1": _("share"),
            "cross_entropy": _("nats per text"),
            "bits_per_character": _("bits per character"),
            "form": _("share of lines of the right length"),
            "chrf": _("chrF, 0 to 100"),
            "bleu": _("BLEU, 0 to 100"),
            "wer": _("wrong words per spoken word"),
            "gradient_norm": _("norm"),
            "learning_rate": _("learning rate"),
            "tokens_per_second": _("tokens/s"),
        },
        "parts": {"precision": _("precision"), "recall_of_positive": _("recall")},
        "use": {"chats": _("chats"), "turns": _("turns"), "tokens": _("tokens")},
        "waiting": _("no data yet"),
        "nothing": _("no data recorded"),
        "noValidation": _("none of its corpora has a validation split"),
        "minutes": _("minutes since start"),
        "gap": _("gap {n}"),
    },
}
