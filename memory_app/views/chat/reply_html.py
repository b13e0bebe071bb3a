"""One reply as Markdown: the fragment that replaces its plain text once it has ended."""

from uuid import UUID

from django.http import Http404, HttpResponse

from memory_app.http import TurnRequest
from memory_app.markdown import markdown_or_nothing


def reply(request: TurnRequest, turn: UUID) -> HttpResponse:
    """Safe HTML; empty where Markdown would change nothing, 404 where there is no reply."""
    row = request.turn
    if not row.has_trace:
        raise Http404
    return HttpResponse(markdown_or_nothing(row.reply_text))
