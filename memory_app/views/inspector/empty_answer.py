"""The page that takes one answer out of a memory: the units that hold it, and what else changes."""

import json
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.core.inspection.gauge_value import same_value
from memory_app.core.inspection.panel_questions import LONGEST_QUESTION, is_question
from memory_app.core.inspection.state_edits import MOST_ENTRIES
from memory_app.http import TurnRequest
from memory_app.models import Turn
from memory_app.refusal import Refused
from memory_app.services.chat.empty_answer import EmptyPlan, empty_plan
from memory_app.services.chat.gauge import Skipped
from memory_app.views.chat.gauge_json import panel

_LONGEST = 200_000  # characters of the posted units


@never_cache
def turn_empty(request: TurnRequest, turn: UUID) -> HttpResponse:
    """GET ?q=: which units to empty. POST: empty them, as an edit turn under this one."""
    row = request.turn
    if not row.is_committed:
        raise Http404
    question = request.GET.get("q", "")
    context: dict[str, Any] = {"turn": row, "chat": row.chat, "question": question}
    if not is_question(question):
        sentence = _("A question has 1 to {most} characters, and no control characters.")
        problem = sentence.format(most=LONGEST_QUESTION)
        return render(request, "empty_answer.html", context | {"problem": problem}, status=400)
    if request.method == "POST":
        try:
            _empty(row, request.POST.get("units", ""))
            return redirect("chat", chat=row.chat_id)
        except Refused as refused:
            status = 409 if refused.code == "busy" else 400
            problem = str(refused.detail)
            return render(
                request, "empty_answer.html", context | {"problem": problem}, status=status
            )
    try:
        plan = empty_plan(turn=row, question=question)
    except Skipped:
        problem = _("A reply is being generated. Try again when it has ended.")
        return render(request, "empty_answer.html", context | {"problem": problem}, status=503)
    return render(request, "empty_answer.html", context | _shown(row, plan))


def _empty(turn: Turn, text: str) -> None:
    """Empty the posted units.

    Raises:
        Refused: `invalid` for another list than the page made, or as `memory_set`.
    """
    try:
        units = json.loads(text) if len(text) <= _LONGEST else []
        entries = [[part, layer, unit, 0.0] for part, layer, unit in units]
    except (TypeError, ValueError, RecursionError) as fault:
        raise Refused("invalid", _("Choose the units again.")) from fault
    services.memory_set(
        chat=turn.chat, client_turn_id=uuid4(), turn=turn.pk, change={"set": entries}
    )


def _shown(turn: Turn, plan: EmptyPlan) -> dict[str, Any]:
    labels = {each["question"]: each["label"] for each in panel(turn.chat.checkpoint)}
    layers: dict[int, list[int]] = {}
    for _part, layer, unit in plan.units:
        layers.setdefault(layer + 1, []).append(unit)
    return {
        "plan": plan,
        "n": len(plan.units),
        "layers": sorted(layers.items()),
        "units": json.dumps(plan.units),
        "too_many": len(plan.units) > MOST_ENTRIES,
        "changes": [
            {
                "label": labels.get(change.question, change.question),
                "before": change.before,
                "after": change.after,
                "same": same_value(change.before.value, change.after.value),
            }
            for change in plan.changes
        ],
    }
