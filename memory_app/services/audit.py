"""What members of staff did, told once and never changed."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AbstractUser, AnonymousUser
from django.http import HttpRequest

from memory_app.models import AuditEntry

LONGEST = 300


def audit_record(
    *,
    user: AbstractBaseUser | AnonymousUser | None,
    action: str,
    object: str = "",  # noqa: A002  (the field's own name)
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """One entry: who did what to which object. Never anybody's chat text, and no secrets.

    Written in the transaction of the deed, so that neither stands without the other. Without a
    user it was done at the machine's own command line.
    """
    known = user if user is not None and user.is_authenticated else None
    return AuditEntry.objects.create(
        user=known,  # type: ignore[misc]
        username=known.get_username()[:150] if known else "command line",
        action=action,
        object=str(object)[:LONGEST],
        detail=detail or {},
    )


def on_staff_login(
    sender: object, request: HttpRequest, user: AbstractUser, **facts: object
) -> None:
    """Django's user_logged_in, on whichever page: of a member of staff it is an entry."""
    if user.is_staff:
        audit_record(user=user, action="staff.log_in", object=user.get_username())


def on_staff_logout(
    sender: object, request: HttpRequest, user: AbstractUser | None, **facts: object
) -> None:
    """Django's user_logged_out; nobody where the session had ended already."""
    if user is not None and user.is_staff:
        audit_record(user=user, action="staff.log_out", object=user.get_username())
