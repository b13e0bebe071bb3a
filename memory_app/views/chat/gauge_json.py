"""What the memory would say now: the answers of each turn's memory to a few questions."""

from typing import Any
from uuid import UUID

from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.cache import never_cache

from memory_app.core.inspection.gauge import Answer
from memory_app.core.inspection.panel_questions import (
    LONGEST_QUESTION,
    MOST_QUESTIONS,
    is_question,
    panel_questions,
)
from memory_app.core.model.adapter import Adapter
from memory_app.core.number_text import whole_number
from memory_app.http import ChatRequest
from memory_app.models import Chat, Checkpoint, Turn
from memory_app.services.chat.gauge import Gauge, Skipped
from memory_app.services.chat.long_term import adapter_of
from memory_app.services.chat.memory import chat_model
from memory_app.views.chat.branch import branch

#: As many turns as a course of values may cover.
LONGEST_COURSE = 48
MOST_TURNS = 10_000
# Labels of the questions that come with the program; a checkpoint's own are shown as they are.
_LABELS = (
    pgettext_lazy("label of a question", "name"),
    pgettext_lazy("label of a question", "home"),
    pgettext_lazy("label of a question", "work"),
    pgettext_lazy("label of a question", "age"),
    pgettext_lazy("label of a question", "food"),
    pgettext_lazy("label of a question", "colour"),
)


def panel(checkpoint: Checkpoint) -> list[dict[str, str]]:
    """A checkpoint's questions with their labels in the reader's language."""
    return [
        {"label": pgettext("label of a question", each.label), "question": each.question}
        for each in panel_questions(checkpoint.config)
    ]


def _answer(question: str, given: Answer) -> dict[str, Any]:
    return {
        "question": question,
        "answer": given.text,
        "probability": round(given.probability, 6),
        "value": given.value,
        "value_probability": round(given.value_probability, 6),
        "told": given.told,
    }


def _number(request: ChatRequest, name: str, most: int) -> int | None:
    """A query's number from 1 to `most`, None where there is none.

    Raises:
        ValueError: it is something else.
    """
    if name not in request.GET:
        return None
    number = whole_number(request.GET[name], most)
    if not number:
        raise ValueError(name)
    return number


def _course(gauge: Gauge, turns: list[Turn], first: int) -> dict[str, Any]:
    return {
        "first": first,
        "turns": [str(turn.pk) for turn in turns],
        "values": [
            [
                {
                    "value": value.text,
                    "probabilities": [
                        None if p is None else round(p, 6) for p in value.probabilities
                    ],
                    "wordings": value.wordings,
                }
                for value in values
            ]
            for values in gauge.course(turns)
        ],
    }


@never_cache
def gauge_json(request: ChatRequest, chat: UUID) -> JsonResponse:
    """The answers along the branch; ?q= asks other questions, ?after= and ?last= fewer turns.

    503 with {"skipped": true} where the processor is needed for replies; 200 with ?panel=1, so that
    a browser doesn't report an error where there is none.
    """
    row = request.chat
    own = request.GET.getlist("q")
    if len(own) > MOST_QUESTIONS:
        return _refused(_("At most {most} questions can be asked at once."), most=MOST_QUESTIONS)
    if not all(map(is_question, own)):
        return _refused(
            _("A question has 1 to {most} characters, and no control characters."),
            most=LONGEST_QUESTION,
        )
    try:
        last = _number(request, "last", MOST_TURNS)
        longest = _number(request, "course", LONGEST_COURSE)
    except ValueError as fault:
        return _refused(_("{name} must be a whole number from 1 on."), name=str(fault))
    labelled = panel(row.checkpoint)
    questions = own or [each["question"] for each in labelled]
    labels = {each["question"]: each["label"] for each in labelled}
    whole, _start = branch(row)
    path, begun = branch(row, request.GET.get("after", ""))
    path = path[-last:] if last else path
    covered = whole[-longest:] if longest else []
    turns = row.turns.defer("state").in_bulk({*path, *covered})
    try:
        gauge = Gauge(row.checkpoint, questions)
        asked = [turns[key] for key in path]
        answers = gauge.answers(asked) if asked else []
        adapter = _adapter(row)
        weights = gauge.from_weights(adapter) if adapter is not None else None
        course = _course(gauge, [turns[key] for key in covered], len(whole) - len(covered) + 1)
    except Skipped:
        return JsonResponse({"skipped": True}, status=200 if "panel" in request.GET else 503)
    return JsonResponse(
        {
            "head": str(row.head_id) if row.head_id else None,
            "after": str(begun) if begun else None,
            "questions": questions,
            "labels": [labels.get(question, "") for question in questions],
            "turns": [
                {
                    "turn": str(turn.pk),
                    "answers": [
                        _answer(*pair) for pair in zip(questions, given or [], strict=False)
                    ],
                }
                for turn, given in zip(asked, answers, strict=True)
            ],
            # What a blank memory knows with the long-term memory that this chat is spoken with.
            "long_term": None
            if weights is None
            else [_answer(*pair) for pair in zip(questions, weights, strict=True)],
            **({"course": course} if longest else {}),
        }
    )


def _adapter(row: Chat) -> Adapter | None:
    if not row.long_term:
        return None
    return adapter_of(chat=row, model=chat_model(sha256=row.checkpoint.sha256))


def _refused(sentence: str, **values: object) -> JsonResponse:
    return JsonResponse({"error": sentence.format(**values)}, status=400)
