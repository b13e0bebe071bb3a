"""The showcase: which public chats the front page lists."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app.http import StaffRequest
from memory_app.models import PublicLink
from memory_app.refusal import Refused
from memory_app.services.chat.showcase import (
    MOST,
    showcase_add,
    showcase_links,
    showcase_remove,
)
from memory_app.views.dashboard.page import page, saved


def showcase(request: StaffRequest) -> HttpResponse:
    """The listed chats; POST adds the chat of a public link's address."""
    address = request.POST.get("address", "").strip()[:300]
    problem = ""
    if request.method == "POST":
        try:
            showcase_add(address=address, user=request.user)
        except Refused as refused:
            problem = str(refused.detail)
        else:
            return saved(request, request.path)
    links = showcase_links()
    return page(
        request,
        "dashboard/showcase.html",
        title=_("Chats on the front page"),
        section="site",
        status=400 if problem else 200,
        links=links,
        is_full=len(links) >= MOST,
        address=address,
        problem=problem,
    )


def showcase_remove_view(request: StaffRequest, link: int) -> HttpResponse:
    """Take one off the list; its link stays."""
    row = get_object_or_404(PublicLink, pk=link, showcased__isnull=False)
    showcase_remove(link=row, user=request.user)
    return saved(request, reverse("admin:showcase"))
