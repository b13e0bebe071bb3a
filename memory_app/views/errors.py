"""Error pages: an outage is named, any other fault is ours."""

import logging
import sys
from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext_lazy as _

from memory_app import outage_log, outages
from memory_app.models import Turn
from memory_app.services.operations.damaged_rows import Key, damaged_in_chat

log = logging.getLogger(__name__)
DAMAGED = _(
    "A turn of this chat is damaged, so this can’t be shown. The other turns and chats are intact."
)
#: Seconds after which a program may retry.
RETRY_AFTER = "5"


def _damaged(request: HttpRequest) -> Key | None:
    """A damaged turn that the request reads; its fault is then not one of the code.

    Checked after the policy: a view, or the look-up of a row that is this person's, has failed.
    """
    asked = request.resolver_match.kwargs if request.resolver_match else {}
    try:
        if "chat" in asked:
            return damaged_in_chat(chat=asked["chat"])
        if "turn" in asked:
            chat = Turn.objects.filter(pk=asked["turn"]).values_list("chat_id", flat=True).first()
            return damaged_in_chat(chat=chat) if chat else None
    except Exception as fault:
        if not outage_log.failed(fault, at="damage"):
            log.exception("a chat's rows couldn't be looked through")
    return None


def _page(request: HttpRequest, template: str, **context: object) -> str:
    """The page, with the chosen theme.

    Without the request itself: its context may query the database.
    """
    asked = {"COOKIES": request.COOKIES, "method": request.method}
    return loader.get_template(template).render({"request": asked, **context})


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: 503 with one sentence for a full disk or a database that is away."""
    fault = sys.exc_info()[1]
    problem = outages.sentence(fault)
    route = request.resolver_match.route if request.resolver_match else ""
    if problem is None:
        turn = _damaged(request)
        if turn is None:
            return HttpResponse(_page(request, "500.html"), status=500)
        problem = DAMAGED
        log.error("a turn's row is damaged", extra={"turn": str(turn), "at": route})
    elif fault is not None:
        outage_log.failed(fault, at=f"/{route}")
    is_data = request.path.endswith((".json", ".safetensors"))
    if is_data or "application/json" in request.headers.get("Accept", ""):
        answer = {"error": {"code": "unavailable", "detail": str(problem)}}
        response: HttpResponse = JsonResponse(answer, status=503)
    else:
        # Only a GET can be repeated by a link.
        again = request.get_full_path() if request.method == "GET" else ""
        page = _page(request, "503.html", problem=problem, again=again)
        response = HttpResponse(page, status=503)
    response["Retry-After"] = RETRY_AFTER
    response["Cache-Control"] = "private, no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _told(request: HttpRequest, template: str, status: int, **context: object) -> HttpResponse:
    """The error page: below /admin/, for staff, with the dashboard's menu around it."""
    user = getattr(request, "user", None)
    at_the_desk = request.path.startswith("/admin/") and user is not None
    if at_the_desk and user.is_active and user.is_staff:  # type: ignore[union-attr]
        shared = admin.site.each_context(request)
        context = {**shared, "section": "", **context}
        return render(request, f"dashboard/{template}", context, status=status)
    return render(request, template, {"request_path": request.path, **context}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return _told(request, "404.html", 404)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return _told(request, "403.html", 403)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return _told(request, "403_csrf.html", 403)


def method_not_allowed(request: HttpRequest, methods: Sequence[str]) -> HttpResponse:
    """405: a browser that followed a link to a route for forms gets a page."""
    answer: HttpResponse = HttpResponseNotAllowed(methods)
    if "text/html" in request.headers.get("Accept", ""):
        page = _told(request, "405.html", 405)
        page["Allow"] = answer["Allow"]
        return page
    return answer
