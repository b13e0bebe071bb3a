"""The front page: what this is, and one button."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import registry, services
from memory_app.languages import foreign_language
from memory_app.models import Chat, Checkpoint
from memory_app.refusal import Refused
from memory_app.services.training.evaluations import recall_of
from memory_app.views.chat.openings import first_step
from memory_app.views.special_tokens import special_words

#: Of the figure, in its own units.
_CELL, _GAP = 14, 2


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


def _picture(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """What one sentence leaves in the live model's cells, as squares to draw; None without one."""
    if checkpoint is None:
        return None
    text, language = first_step(checkpoint.language)
    try:
        look = services.first_look(sha256=checkpoint.sha256, text=text)
    except Refused:
        return None
    if look is None:
        return None
    step = _CELL + _GAP
    words = special_words()
    columns = [
        {
            "token": words.get(token, token.strip()),
            "control": token in words,
            "cells": [
                {
                    "y": y * step,
                    "below": row[x] < 0,
                    "strength": f"{min(1.0, abs(row[x])) ** 0.7:.2f}",
                }
                for y, row in enumerate(look.rows)
            ],
        }
        for x, token in enumerate(look.tokens)
    ]
    return {
        "columns": columns,
        "text": text,
        "language": language,
        "layer": look.layer,
        "height": len(look.rows) * step - _GAP,
    }


@never_cache
def front(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    """The page; makes the visitor a guest, so that a first chat has an owner."""
    person = services.person_ensure(request=request)
    checkpoint = registry.live(get_language() or "en")
    return render(
        request,
        "front.html",
        {
            "checkpoint": checkpoint,
            "scores": _scores(checkpoint),
            "picture": _picture(checkpoint),
            "foreign": foreign_language(checkpoint.language) if checkpoint else "",
            "chats_count": Chat.objects.of(person).count(),
            "problem": problem,
        },
        status=status,
    )
