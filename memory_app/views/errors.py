"""Error pages: without a form or an id in them, so that every asker gets the same bytes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Absent and somebody else's look the same."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours; touches neither the session nor the database, which may be the fault."""
    return HttpResponse(_page(request), status=500)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid CSRF token."""
    return render(request, "403_csrf.html", status=403)


def _page(request: HttpRequest) -> str:
    from django.template.loader import render_to_string

    return render_to_string("500.html", {"request": request})
