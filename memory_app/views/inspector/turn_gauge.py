"""What the memory would say after each token of a turn."""

from uuid import UUID

from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app.core.inspection.panel_questions import LONGEST_QUESTION, is_question
from memory_app.http import TurnRequest
from memory_app.models import TurnKind
from memory_app.services.chat.gauge import Skipped
from memory_app.services.chat.gauge_tokens import turn_gauge
from memory_app.views.chat.gauge_json import panel
from memory_app.views.inspector.gate_map import traced


@never_cache
def turn_gauge_json(request: TurnRequest, turn: UUID) -> JsonResponse:
    """?q= or the checkpoint's question that the turn changed most; &window=1 as the gate view."""
    row = request.turn
    if not row.is_committed or row.kind != TurnKind.TALK:
        raise Http404
    question = request.GET.get("q")
    if question is not None and not is_question(question):
        sentence = _("A question has 1 to {most} characters, and no control characters.")
        return JsonResponse({"error": sentence.format(most=LONGEST_QUESTION)}, status=400)
    usual = panel(row.chat.checkpoint)
    asked = [question] if question is not None else [each["question"] for each in usual]
    trace, _model, first = traced(request)
    try:
        found = turn_gauge(turn=row, trace=trace, questions=asked)
    except Skipped:
        return JsonResponse({"skipped": True}, status=200 if "panel" in request.GET else 503)
    return JsonResponse(
        {
            "question": found.question,
            "questions": usual,
            "first": first,
            "at": found.at,
            "values": [
                {
                    "value": value,
                    "before": round(course[0], 6),
                    "probabilities": [round(p, 6) for p in course[1:]],
                }
                for value, course in found.values
            ],
        }
    )
