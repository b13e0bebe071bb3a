"""The front page: what this is, and one button."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache

from memory_app import registry, services
from memory_app.models import Chat, Checkpoint
from memory_app.services.evaluations import recall_of

TENTHS = range(10)


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the exam. Rounded down: "10 of 10" is said of a model that never failed."""

    gap: int
    share: float
    questions: int

    @property
    def tenths(self) -> int:
        return int(self.share * 10 + 1e-9)

    @property
    def right(self) -> int:
        return round(self.share * self.questions)


def _scores(checkpoint: Checkpoint | None) -> list[Score]:
    recall = recall_of(checkpoint=checkpoint) if checkpoint else None
    if recall is None:
        return []
    return [Score(gap, share, recall.questions) for gap, share in recall.by_gap.items()]


@never_cache
def front(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    """Says what this is; makes the visitor a guest, so that a first chat has an owner."""
    person = services.person_ensure(request=request)
    checkpoint = registry.live(get_language() or "en")
    return render(
        request,
        "front.html",
        {
            "checkpoint": checkpoint,
            "scores": _scores(checkpoint),
            "tenths": TENTHS,
            "chats_count": Chat.objects.of(person).count(),
            "problem": problem,
        },
        status=status,
    )
