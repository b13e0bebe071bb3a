"""One reply as Markdown: the fragment that replaces its plain text once it has ended."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from memory_app.markdown import markdown_or_nothing


def reply(request: HttpRequest, turn: UUID) -> HttpResponse:
    """Safe HTML; empty where Markdown would change nothing, 404 where there is no reply."""
    row = request.turn  # type: ignore[attr-defined]
    if not row.is_committed:
        raise Http404
    return HttpResponse(markdown_or_nothing(row.reply_text))
