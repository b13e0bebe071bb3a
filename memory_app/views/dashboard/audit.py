"""The audit log: who did what to which object, and when. Read only."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.models import AuditEntry
from memory_app.views.dashboard.page import page

A_PAGE = 100


def audit(request: HttpRequest) -> HttpResponse:
    """Newest first; by who, by what, by a word of the object's name."""
    rows = AuditEntry.objects.order_by("-id")
    chosen = {
        name: request.GET.get(name, "").replace("\0", "").strip()[:200]
        for name in ("who", "what", "object")
    }
    if chosen["who"]:
        rows = rows.filter(username=chosen["who"])
    if chosen["what"]:
        rows = rows.filter(action=chosen["what"])
    if chosen["object"]:
        rows = rows.filter(object__icontains=chosen["object"])
    everything = AuditEntry.objects.order_by()
    return page(
        request,
        "dashboard/audit.html",
        title=_("Audit log"),
        section="audit",
        entries=Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        chosen=chosen,
        filtered=any(chosen.values()),
        people=sorted(everything.values_list("username", flat=True).distinct()),
        actions=sorted(everything.values_list("action", flat=True).distinct()),
    )
