"""A chat as a file: downloaded as JSON or Markdown, and imported again."""

import json
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.chat_file.form import BYTES_MAX
from memory_app.chat_file.write import document
from memory_app.chat_markdown import chat_markdown
from memory_app.core.text.graphemes import cut
from memory_app.http import ChatRequest, PersonRequest, attachment_headers
from memory_app.models import Chat, Turn
from memory_app.refusal import Refused
from memory_app.views.chat.list_page import show
from memory_app.views.chat.shown_turns import shown_path

_STATUS = {"too_long": 413, "busy": 503, "quota": 429, "unavailable": 503}


def _attached(chat: Chat, text: str, kind: str, ending: str) -> HttpResponse:
    name = cut(slugify(chat.title, allow_unicode=True), 60) or "chat"
    return HttpResponse(
        text,
        content_type=f"{kind}; charset=utf-8",
        headers=attachment_headers(f"{name}.{ending}"),
    )


def _turns(chat: Chat, *unread: str) -> list[Turn]:
    return list(chat.turns.oldest_first().defer("state", *unread))


@never_cache
def export_json(request: ChatRequest, chat: UUID) -> HttpResponse:
    """The whole tree, as `chats_import` takes it in again."""
    row = request.chat
    text = json.dumps(document(row, _turns(row)), ensure_ascii=False)
    return _attached(row, text + "\n", "application/json", "json")


@never_cache
def export_markdown(request: ChatRequest, chat: UUID) -> HttpResponse:
    """The branch of the head, for people to read."""
    row = request.chat
    turns = _turns(row, "given")
    path = [turn for turn in shown_path(turns, row.head_id, None) if turn.is_committed]
    others = sum(turn.is_committed for turn in turns) - len(path)
    return _attached(row, chat_markdown(row, path, others), "text/markdown", "md")


def chats_import(request: PersonRequest) -> HttpResponse:
    """A new chat from a file; what is wrong with the file is one sentence at the form's field.

    The answer leads to the chat. A long one is replayed by the worker, and its page shows the
    progress.
    """
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise Refused("invalid", _("Choose the JSON file of a chat first."))
        # One byte above the bound shows that a file is too large without reading all of it.
        data = upload.read(BYTES_MAX + 1)
        checked = services.chat_check(data=data)
        person = services.person_ensure(request=request)
        chat = services.file_import(person=person, data=data, checked=checked)
    except Refused as refused:
        errors = {"file": str(refused.detail)}
        return show(request, errors=errors, status=_STATUS.get(refused.code, 400))
    # A script keeps the form until the file is taken, and gets the address of the chat.
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"to": resolve_url("chat", chat=chat)})
    return redirect("chat", chat=chat)
