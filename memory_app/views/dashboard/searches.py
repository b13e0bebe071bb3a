"""Searches."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


def searches(request: HttpRequest) -> HttpResponse:
    """Searches."""
    return page(request, "dashboard/searches.html", title=_("Searches"), section="searches")
