"""The site's switch: read only at once, and a notice on every page."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _

from memory_app import site_state
from memory_app.http import StaffRequest
from memory_app.models import SiteSwitch
from memory_app.services.chat.showcase import showcase_links
from memory_app.services.operations.site_switch import site_switch
from memory_app.views.dashboard.page import page, saved


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def site(request: StaffRequest) -> HttpResponse:
    """The switch, the notice, and the room on the disk."""
    if request.method == "POST":
        site_switch(
            read_only=request.POST.get("read_only") == "1",
            notice_en=_line(request.POST.get("notice_en", "")),
            notice_zh=_line(request.POST.get("notice_zh", "")),
            user=request.user,
        )
        return saved(request, request.path)
    return page(
        request,
        "dashboard/site.html",
        title=_("Site"),
        section="site",
        switch=SiteSwitch.objects.first() or SiteSwitch(),
        by_setting=settings.READ_ONLY,
        closed=site_state.state_now().why_no_chats,
        showcased=len(showcase_links()),
        free=site_state.free_mb() << 20,
        bounds=[
            bound << 20
            for bound in (
                settings.DISK_WARN_MB,
                settings.DISK_NO_CHATS_MB,
                settings.DISK_READ_ONLY_MB,
            )
        ],
    )
