"""The queue of reports: the reported turn alone, and what to do."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app.http import StaffRequest
from memory_app.models import Report
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.reports import report_close
from memory_app.views.dashboard.page import page, saved

A_PAGE = 20


def reports(request: HttpRequest) -> HttpResponse:
    """Open reports, the oldest first; what was read is an entry in the audit log."""
    rows = Report.objects.filter(closed=None).select_related("turn__chat").order_by("created", "id")
    rows = rows.prefetch_related("turn__chat__links")
    shown = Paginator(rows.defer("turn__state", "turn__given"), A_PAGE).get_page(
        request.GET.get("page")
    )
    for turn in sorted({str(row.turn_id) for row in shown}):
        audit_record(user=request.user, action="report.read", object=turn)
    return page(
        request,
        "dashboard/reports.html",
        title=_("Reports"),
        section="reports",
        reports=shown,
    )


def report_close_view(request: StaffRequest, report: int) -> HttpResponse:
    """Close the reports of a turn, and end the chat's public links where that is asked for."""
    row = get_object_or_404(Report.objects.select_related("turn"), pk=report, closed=None)
    remove = request.POST.get("links") == "1"
    report_close(report=row, user=request.user, remove_links=remove)
    return saved(request, reverse("admin:reports"))
