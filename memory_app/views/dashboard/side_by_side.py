"""Two checkpoints side by side: one message, two replies at one seed, in chats of the user's."""

import secrets
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from memory_app import policy, services
from memory_app.core.cells import chat_cell_names
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.number_text import whole_number
from memory_app.models import Chat, Checkpoint
from memory_app.services.operations.audit import audit_record
from memory_app.views.dashboard.compared_ids import missing
from memory_app.views.dashboard.page import page

#: The largest seed that the wire takes (docs/protocol.md).
SEED_MAX = 2**53 - 1


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_seed(text: str) -> bool:
    return whole_number(text, SEED_MAX) is not None


def _chat_checkpoints() -> QuerySet[Checkpoint]:
    of_chat = Q(config__task__isnull=True) | Q(config__task=CHAT_TASK)
    return Checkpoint.objects.filter(of_chat, cell__in=chat_cell_names())


def _pair(data: Any) -> list[Checkpoint | None]:
    """The two of ?a= and ?b=; by default the second is the live one of the first's language."""
    rows = _chat_checkpoints()
    first, second = (rows.filter(pk__in=[_id(data.get(key, ""))]).first() for key in ("a", "b"))
    if first is not None and second is None:
        others = rows.exclude(pk=first.pk).order_by("-live", "-sequence")
        second = others.filter(language=first.language).first() or others.first()
    return [first, second]


def _chat(request: HttpRequest, key: str, checkpoint: Checkpoint | None) -> Chat | None:
    """The user's own chat on this checkpoint, if the address names one."""
    wanted = _id(request.GET.get(key, ""))
    person = services.person_of_request(request)
    chat = policy.owned_chat(person, wanted) if wanted and checkpoint else None
    return chat if chat and checkpoint and chat.checkpoint_id == checkpoint.pk else None


def checkpoints_try(request: HttpRequest) -> HttpResponse:
    """The page; a POST creates the two chats and answers with their ids."""
    if request.method == "POST":
        return _begin(request)
    pair = _pair(request.GET)
    # Nothing typed: a new seed, short enough to read out.
    seed = request.GET.get("seed", "").strip()[:40] or str(secrets.randbelow(1_000_000))
    errors = {} if _is_seed(seed) else {"seed": _("The seed is a whole number from 0 to 2⁵³ − 1.")}
    sides = []
    for side, row in zip(("left", "right"), pair, strict=True):
        chat = _chat(request, side, row)
        turns = chat.turns.oldest_first().defer("state", "given") if chat else []
        sides.append({"name": side, "checkpoint": row, "chat": chat, "turns": turns})
    keys = list(filter(None, map(request.GET.get, ("a", "b"))))
    named = {str(row.pk) for row in pair if row is not None}
    return page(
        request,
        "dashboard/side_by_side.html",
        title=_("Two checkpoints, one seed"),
        section="checkpoints",
        sides=sides,
        both=all(pair),
        missing=missing(keys, len(named.intersection(keys))),
        status=400 if errors else 200,
        errors=errors,
        seed=seed,
        checkpoints=_chat_checkpoints().order_by("-live", "-sequence"),
    )


def _begin(request: HttpRequest) -> HttpResponse:
    pair = [row for row in _pair(request.POST) if row is not None]
    if len(pair) < 2:
        raise Http404
    person = services.person_ensure(request=request)
    chats = [services.chat_create(person=person, checkpoint=row) for row in pair]
    audit_record(user=request.user, action="checkpoint.try", object=" | ".join(map(str, pair)))
    return JsonResponse({"left": str(chats[0].pk), "right": str(chats[1].pk)})
