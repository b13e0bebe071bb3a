"""Common parts of the dashboard's pages: the admin's context, a place in the navigation."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def page(
    request: HttpRequest,
    template: str,
    *,
    title: Any,
    section: str,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render `template`; `section` is the entry of the navigation that the page belongs to."""
    shared = admin.site.each_context(request)
    return render(
        request, template, {**shared, "title": title, "section": section, **context}, status=status
    )


def saved(request: HttpRequest, back: str, parts: Mapping[str, str] | None = None) -> HttpResponse:
    """Report that a form was saved: to a script in JSON, else on the page that it goes `back` to.

    `parts`: {id of an element: its new HTML}, for other parts of the page.
    """
    report = _("Saved.")
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"said": report, "parts": dict(parts or {})})
    messages.success(request, report)
    return HttpResponseRedirect(back)


def go_on(request: HttpRequest, to: str) -> HttpResponse:
    """A redirect; a script, which would follow it and use up the messages, gets JSON."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"to": to})
    return HttpResponseRedirect(to)
