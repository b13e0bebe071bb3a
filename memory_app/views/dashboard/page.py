"""What every page of the dashboard has: the admin's context, a place in the navigation."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render


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


def go_on(request: HttpRequest, to: str) -> HttpResponse:
    """A redirect; a script, which would follow it and use up the messages, is told in JSON."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"to": to})
    return HttpResponseRedirect(to)
