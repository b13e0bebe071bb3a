"""Checkpoints."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


def checkpoints(request: HttpRequest) -> HttpResponse:
    """Checkpoints."""
    return page(
        request, "dashboard/checkpoints.html", title=_("Checkpoints"), section="checkpoints"
    )
