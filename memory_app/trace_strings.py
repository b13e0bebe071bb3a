"""The texts of the scripts that trace a word and show what memory is made of."""

from typing import Any

from django.utils.translation import gettext_lazy as _

TRACE_STRINGS: dict[str, Any] = {
    "traceWord": _("Where “{word}” came from"),
    "traceChoose": _("Where did a word come from?"),
    "traceChooseNote": _("Choose a word of this reply, here or in the chat."),
    "traceWaiting": _("Replaying the chat…"),
    "traceNote": _(
        "What each earlier word wrote into memory, and how much of this word’s score was read "
        "from it, as a share of all amounts added up. − speaks against the word."
    ),
    "traceRest": _(
        "All other words: {rest}. Check: all words together miss {residual} of the score."
    ),
    "traceFailed": _("The sources couldn’t be computed. Try again."),
    "traceYou": _("you"),
    "traceBot": _("bot"),
    "traceThis": _("this turn"),
    "traceTurn": _("turn {n}"),
    "tracePlace": _("{turn}, {speaker}"),
    "traceMark": _("(mark between messages)"),
    "traceChange": _("(memory changed by hand)"),
    "traceCompute": _("Compute the effect"),
    "traceComputing": _("Replaying without each turn…"),
    "traceSkipped": _("too long"),
    "traceSlope": _("Compute the gradient"),
    "traceSloping": _("Following the gradient…"),
    "traceOthers": _("All other words: {rest}."),
    "traceFarther": {
        "one": _("All other words: {rest}. {n} token before these turns isn’t reached."),
        "other": _("All other words: {rest}. {n} tokens before these turns aren’t reached."),
    },
    "traceRank": _("Rank correlation (Spearman) of the two columns over {n} turns: {rank}"),
    "madeOfReads": _("Computing what each turn has left in the memory…"),
    "madeOfNow": _("Turn {n} wrote {share} of what {layer} holds now."),
    "madeOfBlank": _("The memory is blank: made of nothing."),
    "madeOfLayer": _("layer {n}"),
    "madeOfBlock": _("block {n}"),
    "madeOfSummary": _("Shares of {layer} by turn, now: {list}"),
    "madeOfResidual": _(
        "Check: added up, the turns give every cell to within {residual}. At most {rounding} of a "
        "cell is rounding that no word wrote."
    ),
    "traceNoRank": _("Fewer than three turns: no rank correlation."),
}
