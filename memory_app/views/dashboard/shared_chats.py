"""Shared chats."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


def shared_chats(request: HttpRequest) -> HttpResponse:
    """Shared chats."""
    return page(
        request, "dashboard/shared_chats.html", title=_("Shared chats"), section="shared_chats"
    )
