"""The staff's switch: read only, and a notice on every page."""

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.utils import timezone

from memory_app import site_state
from memory_app.models import SiteSwitch
from memory_app.services.operations.audit import audit_record


@transaction.atomic
def site_switch(
    *, read_only: bool, notice_en: str, notice_zh: str, user: User | AnonymousUser | None
) -> None:
    """Store what holds from now on; every process reads it within seconds."""
    row = SiteSwitch.objects.select_for_update().first() or SiteSwitch()
    switched = row.read_only != read_only
    row.read_only, row.notice_en, row.notice_zh = read_only, notice_en[:300], notice_zh[:300]
    row.changed = timezone.now()
    row.save()
    action = ("site.read_only" if read_only else "site.open") if switched else "site.notice"
    audit_record(user=user, action=action, detail={"notice": bool(notice_en or notice_zh)})
    transaction.on_commit(site_state.reread)
