"""Failed log-ins: who is asked to wait, and in which words (django-axes calls these)."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from memory_app.asker import address_of
from memory_app.limits.table import wait_words

#: How long a failed log-in is kept.
KEPT = timedelta(days=1)


def network_of(request: HttpRequest | None) -> str:
    """The network that failures are counted by: an address of a /64 is as good as another."""
    if request is None:
        return ""
    scope = getattr(request, "scope", None) or {
        "client": (request.META.get("REMOTE_ADDR", ""), 0),
        "headers": [(b"x-forwarded-for", request.headers.get("X-Forwarded-For", "").encode())],
    }
    return address_of(scope)[1].partition("/")[0]


def locked_out(request: HttpRequest, *rest: Any) -> HttpResponse:
    """The page for a name that failed too often from this network."""
    wait = settings.AXES_COOLOFF_TIME.total_seconds()
    sentence = _(
        "Too many failed log-ins with this name from here. Try again in {wait}. "
        "From another network it still works."
    )
    context = {"problem": sentence.format(wait=wait_words(wait)), "again": request.path}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(round(wait))
    return response


def attempts_purge() -> None:
    """Forget failed log-ins of yesterday: they hold names and addresses."""
    AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - KEPT).delete()
