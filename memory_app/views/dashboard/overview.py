"""Overview."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


def overview(request: HttpRequest) -> HttpResponse:
    """Overview."""
    return page(request, "dashboard/overview.html", title=_("Overview"), section="overview")
