"""The audit log: what members of staff did, recorded once and never changed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from memory_app import limits
from memory_app.core.text.graphemes import name_of
from memory_app.models import AuditEntry

LONGEST = 300
#: Who did what was done without a user.
COMMAND_LINE = "command line"
FAILED_LOG_IN = "staff.log_in_failed"
#: Failures of one name within this time are one entry with a count; the number of names with an
#: entry of their own in that time, the others sharing one; and the number of failure entries kept.
FAILURES_WITHIN = timedelta(hours=1)
FAILED_NAMES, FAILURES_KEPT = 30, 2000
#: The name of the shared entry.
OTHER_NAMES = "…"


def audit_record(
    *,
    user: User | AnonymousUser | None,
    action: str,
    object: str = "",  # noqa: A002  (the field's own name)
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """Record who did what to which object. Never a chat's text, and no secrets.

    Written in the transaction of the action, so that neither is stored without the other. Without
    a user it was done on the command line.
    """
    known = user if isinstance(user, User) else None
    return AuditEntry.objects.create(
        user=known,
        username=known.get_username()[:150] if known else COMMAND_LINE,
        action=action,
        object=name_of(str(object), LONGEST),
        detail=detail or {},
    )


def on_staff_login(sender: object, request: HttpRequest, user: User, **facts: object) -> None:
    """Django's user_logged_in, on any page: an entry for a member of staff."""
    if user.is_staff:
        audit_record(user=user, action="staff.log_in", object=user.get_username())


def on_staff_logout(
    sender: object, request: HttpRequest, user: User | None, **facts: object
) -> None:
    """Django's user_logged_out; without a user where the session had ended already."""
    if user is not None and user.is_staff:
        audit_record(user=user, action="staff.log_out", object=user.get_username())


def on_staff_login_failed(
    sender: object, credentials: Mapping[str, Any], request: HttpRequest | None = None, **facts: Any
) -> None:
    """Django's user_login_failed: an entry where the log-in was for the staff.

    That is any at the staff's own page, and elsewhere those with the name of a member of staff.
    """
    limits.pay("logins", 1)
    name = "".join(char for char in str(credentials.get("username", "")) if char.isprintable())
    at_the_desk = request is not None and request.path.startswith("/admin/")
    if at_the_desk or User.objects.filter(username=name, is_staff=True).exists():
        audit_failed_login(name=name)


@transaction.atomic
def audit_failed_login(*, name: str) -> AuditEntry:
    """One entry a name and hour, with a count; never the password.

    A flood can't fill the log: it writes at most 31 entries an hour, and only the newest 2,000 of
    them are kept. It evicts no other entries, which are kept for good.
    """
    failures = AuditEntry.objects.filter(action=FAILED_LOG_IN)
    fresh = failures.filter(at__gte=timezone.now() - FAILURES_WITHIN)
    name = name.strip()[:150]
    row = fresh.select_for_update().filter(username=name).first()
    if row is None and fresh.count() >= FAILED_NAMES:
        name = OTHER_NAMES
        row = fresh.select_for_update().filter(username=name).first()
    if row is not None:
        row.detail = {"times": int(row.detail.get("times", 1)) + 1}
        row.save(update_fields=["detail"])
        return row
    row = AuditEntry.objects.create(username=name, action=FAILED_LOG_IN, detail={"times": 1})
    if failures.count() > FAILURES_KEPT:
        oldest = failures.order_by("-id").values_list("id", flat=True)[FAILURES_KEPT - 1]
        failures.filter(id__lt=oldest).delete()
    return row


def deleted_name(*, kind: str, key: str) -> str:
    """The name of an object that was deleted, by its kind and the id of its entry; else empty."""
    entries = AuditEntry.objects.filter(action=f"{kind}.delete", object__endswith=f" ({key})")
    row = entries.order_by("-id").first()
    return row.object.removesuffix(f" ({key})") if row else ""
