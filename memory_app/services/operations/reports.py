"""Turns that people report, and what staff do about them."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory_app.models import Person, PublicLink, Report, ReportReason, Turn
from memory_app.refusal import Refused
from memory_app.services.operations.audit import audit_record

#: Open reports of one turn; more say nothing new.
MOST_OPEN = 5


def report_make(*, turn: Turn, by: Person | None, reason: str, note: str) -> None:
    """Report a turn; again by the same person replaces the open report.

    Raises:
        Refused: `invalid` for an unknown reason.
    """
    if reason not in ReportReason.values:
        raise Refused("invalid", _("Choose what is wrong."))
    line = " ".join("".join(c if c.isprintable() else " " for c in note).split())[:500]
    with transaction.atomic():
        rows = Report.objects.filter(turn=turn, closed=None)
        if by:
            rows.filter(by=by).delete()
        if rows.count() < MOST_OPEN:
            Report.objects.create(turn=turn, by=by or None, reason=reason, note=line)


def reports_waiting() -> dict[str, Any]:
    """How many reports are open, and for how many seconds the oldest is."""
    rows = Report.objects.filter(closed=None)
    found = rows.aggregate(count=Count("pk"), oldest=Min("created"))
    oldest = found["oldest"]
    waits = max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else None
    return {"count": found["count"], "oldest": waits}


@transaction.atomic
def report_close(*, report: Report, user: User | AnonymousUser, remove_links: bool) -> None:
    """Close every open report of its turn; `remove_links` ends the chat's public links, too."""
    rows = Report.objects.filter(turn=report.turn_id, closed=None)
    count = rows.update(closed=timezone.now())
    links = 0
    if remove_links:
        links, _per_model = PublicLink.objects.filter(chat=report.turn.chat_id).delete()
    audit_record(
        user=user,
        action="report.close",
        object=str(report.turn_id),
        detail={"reports": count, "links": links},
    )
