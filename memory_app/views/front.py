"""The front page: what this is, and one button."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import registry, services
from memory_app.languages import foreign_language
from memory_app.models import Chat, Checkpoint
from memory_app.recorded_chat import LANGUAGE, MODEL, QUESTIONS, TURNS
from memory_app.refusal import Refused
from memory_app.services.chat.showcase import showcase_links
from memory_app.services.training.evaluations import is_shown_off, recall_of
from memory_app.views.chat.tour import tour_of


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the evaluation: the kind of question, and the share of right answers."""

    label: str
    share: float
    questions: int

    @property
    def percent(self) -> str:
        """0.985 -> "98.5": to a tenth, so that two lines that differ look different."""
        return f"{self.share * 100:.1f}".removesuffix(".0")

    @property
    def right(self) -> int:
        return round(self.share * self.questions)


def _label(gap: int) -> str:
    if gap == 0:
        return _("A fact stated just before")
    return ngettext("A fact stated %(n)d turn before", "A fact stated %(n)d turns before", gap) % {
        "n": gap
    }


def _scores(checkpoint: Checkpoint | None) -> list[Score]:
    """The live model's newest evaluation, line by line, without lines that it lacks."""
    recall = recall_of(checkpoint=checkpoint) if checkpoint else None
    if recall is None:
        return []
    n = recall.questions
    scores = [Score(_label(gap), share, n) for gap, share in recall.by_gap.items()]
    labels = {
        "several": _("One of eight facts"),
        "several_core": _("One of several facts"),
        "update": _("A fact that was corrected"),
        "abstain": _("Admits that it doesn’t know"),
    }
    scores += [
        Score(label, recall.others[k], n) for k, label in labels.items() if k in recall.others
    ]
    return scores


def _recording() -> dict[str, Any]:
    """The recorded chat, turn by turn: what is said, and what the panel shows after it."""
    turns = []
    before: list[str] = [""] * len(QUESTIONS)
    labels = [pgettext("label of a question", label) for label in QUESTIONS]
    for turn in TURNS:
        rows = []
        for k, (label, given) in enumerate(zip(labels, turn.answers, strict=True)):
            value = given[0] if given else ""
            rows.append(
                {
                    "label": label,
                    "value": value,
                    "probability": given[1] if given else 0.0,
                    "width": f"{100 * given[1]:.0f}" if given else "0",
                    "old": before[k] if before[k] != value else "",
                    "lit": bool(value) and before[k] != value,
                }
            )
            before[k] = value
        turns.append({"message": turn.message, "reply": turn.reply, "rows": rows})
    return {"turns": turns, "model": MODEL, "language": LANGUAGE, "labels": labels}


@never_cache
def front(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    """The page; makes the visitor a guest, so that a first chat has an owner."""
    person = None
    try:
        person = services.person_ensure(request=request)
    except Refused as refused:
        problem = str(refused.detail)
        status = 429 if refused.code == "rate_limited" else status
    checkpoint = registry.live(get_language() or "en")
    # The recorded chat tells what the live model does: one that forgets doesn't get it.
    is_recorded = checkpoint is None or is_shown_off(checkpoint=checkpoint)
    return render(
        request,
        "front.html",
        {
            "checkpoint": checkpoint,
            "scores": _scores(checkpoint),
            "recording": _recording() if is_recorded else None,
            "showcase": showcase_links(),
            "has_tour": checkpoint is not None and tour_of(checkpoint) is not None,
            "foreign": foreign_language(checkpoint.language) if checkpoint else "",
            "chats_count": Chat.objects.of(person).count(),
            "problem": problem,
        },
        status=status,
    )
