"""Remembering a chat for good: asked for, watched, compared before and after, and forgotten."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.core.consolidation.rehearsal import Memory
from memory_app.core.consolidation.topics import topics_of
from memory_app.core.messages import Sentence
from memory_app.http import ChatRequest
from memory_app.models import Consolidation, ConsolidationStatus
from memory_app.pending_chats import is_pending
from memory_app.refusal import Refused
from memory_app.services.chat.long_term import MEMBERS, WAITING
from memory_app.translate_messages import in_words

_STAGES = {
    "statistics": _lazy("Preparing the model, once for all chats…"),
    "rehearsal": _lazy("Asking what this chat’s memory knows…"),
    "fit": _lazy("Fitting the change of the weights…"),
    "exam": _lazy("Comparing the answers and other texts before and after…"),
}
#: Seconds after which the page of a chat that is being worked on is loaded again.
AGAIN = "3"


@never_cache
def chat_remember(request: ChatRequest, chat: UUID) -> HttpResponse:
    """The page of one chat; POST remembers it for good, or with `forget=1` forgets it."""
    row = request.chat
    problem = ""
    if request.method == "POST":
        try:
            if request.POST.get("forget") == "1":
                services.chat_forgotten(chat=row)
            else:
                services.consolidation_ask(chat=row)
        except Refused as refused:
            problem = str(refused.detail)
        else:
            return redirect(_back(request))
    found = None if is_pending(row) else Consolidation.objects.filter(chat=row.pk).first()
    context = {"chat": row, "problem": problem, **_context(row.owner.user_id is None, found)}
    response = render(request, "remember.html", context, status=409 if problem else 200)
    if found is not None and found.status in WAITING:
        response["Refresh"] = AGAIN
    return response


def chat_long_term(request: ChatRequest, chat: UUID) -> HttpResponse:
    """Speak this chat's replies with long-term memory (`on` is 1), or no longer."""
    services.chat_long_term(chat=request.chat, on=request.POST.get("on") == "1")
    return redirect(_back(request))


def _back(request: ChatRequest) -> str:
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return back
    return resolve_url("chat_remember", chat=request.chat.pk)


def _context(guest: bool, row: Consolidation | None) -> dict[str, Any]:
    if guest:
        return {"guest": MEMBERS}
    if row is None:
        return {}
    remembered = row.place is not None
    failed = row.status == ConsolidationStatus.FAILED
    return {
        "row": row,
        "waiting": row.status in WAITING,
        **(_progress(row) if row.status in WAITING else {}),
        "remembered": remembered,
        "reason": in_words(Sentence.from_dict(row.error_said)) if failed and row.error_said else "",
        "memories": memories_shown(row) if remembered else [],
        "figures": _figures(row.figures) if remembered and row.figures else [],
        "seconds": row.figures.get("seconds"),
        "bytes": row.figures.get("bytes", 0),
    }


def _progress(row: Consolidation) -> dict[str, Any]:
    """What is being done, and how far; of a queued chat how many are before it."""
    if row.status == ConsolidationStatus.QUEUED:
        before = Consolidation.objects.filter(status__in=WAITING, sequence__lt=row.sequence)
        return {"before": before.exclude(pk=row.pk).count()}
    told = row.progress if isinstance(row.progress, dict) else {}
    return {
        "stage": _STAGES.get(told.get("stage", ""), _("Starting…")),
        "number": told.get("number"),
        "stages": told.get("stages"),
        "counted": _counted(told),
        "left": told.get("left"),
    }


def _counted(progress: dict[str, Any]) -> str:
    if "total" not in progress:
        return ""
    done, total = progress["done"], progress["total"]
    if progress.get("stage") == "exam":
        return ngettext("{done} of {total} text", "{done} of {total} texts", total).format(
            done=done, total=total
        )
    return ngettext("{done} of {total} question", "{done} of {total} questions", total).format(
        done=done, total=total
    )


def memories_shown(row: Consolidation) -> list[dict[str, str]]:
    """The questions that the chat's memories answer, and their values."""
    topics = {topic.key: topic for topic in topics_of(row.checkpoint.language)}
    shown: dict[object, dict[str, str]] = {}
    for own in (Memory.from_dict(memory) for memory in row.memories):
        if own.topic in topics:
            # Words for one thing (a dish, a food) with one value are one line.
            topic = topics[own.topic]
            key = (topic.group, own.value)
            shown.setdefault(key, {"question": topic.question, "value": own.value})
    return list(shown.values())


def _figures(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table: what was asked, and the shares before and after."""
    before, after = figures.get("before", {}), figures.get("after", {})
    rows = [
        (_("Right answers from this chat’s own memory"), before.get("A"), after.get("A")),
        (_("Right answers in a new chat"), before.get("B"), after.get("B")),
        (_("The same, two messages later"), None, after.get("B_later")),
        (_("The same, after 2,000 tokens of other talk"), None, after.get("D")),
        (_("Questions about things never stated that it refuses"), None, after.get("refused")),
    ]
    shown = [
        {"name": name, "before": _percent(first), "after": _percent(second)}
        for name, first, second in rows
    ]
    change = after.get("bits_per_byte_change")
    if change is not None:
        shown.append(
            {"name": _("Change of bits per byte on other texts"), "before": "",
             "after": f"{100 * change:+.2f}%"}
        )  # fmt: skip
    return shown


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f}%"
