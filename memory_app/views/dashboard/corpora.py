"""Corpora."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


def corpora(request: HttpRequest) -> HttpResponse:
    """Corpora."""
    return page(request, "dashboard/corpora.html", title=_("Corpora"), section="corpora")
