"""Runs."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


def runs(request: HttpRequest) -> HttpResponse:
    """Runs."""
    return page(request, "dashboard/runs.html", title=_("Runs"), section="runs")
