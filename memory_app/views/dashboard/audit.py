"""Audit log."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


def audit(request: HttpRequest) -> HttpResponse:
    """Audit log."""
    return page(request, "dashboard/audit.html", title=_("Audit log"), section="audit")
