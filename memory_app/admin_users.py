"""Django's own pages for users and groups, each change of which goes into the audit log."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from memory_app.services.audit import audit_record
from memory_app.templatetags.times import when


class Audited(admin.ModelAdmin):
    """What is changed on Django's own pages goes into the audit log, and into no other."""

    def _record(self, request: HttpRequest, what: str, row: Model, fields: list[str]) -> None:
        audit_record(
            user=request.user,
            action=f"{self.opts.model_name}.{what}",
            object=f"{row} ({row.pk})",
            detail={"fields": fields} if fields else {},
        )

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        self._record(request, "add", obj, [])

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        # Names of fields only: Django's messages hold no values, and neither may ours.
        told = [one.get("changed", {}) for one in message if isinstance(one, dict)]
        self._record(
            request, "change", obj, sorted({n for one in told for n in one.get("fields", ())})
        )

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:  # type: ignore[override]
        for row in queryset:
            self._record(request, "delete", row, [])

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Django's history of an object would be empty: it stands in the audit log."""
        row = self.get_object(request, object_id)
        query = urlencode({"object": f"{row} ({object_id})"})
        return redirect(f"{reverse('admin:audit')}?{query}")


class AuditedUserAdmin(Audited, UserAdmin):
    """Django's own page for users; what the site itself wrote down of them is read only."""

    readonly_fields = ("came_last", "joined")
    fieldsets = (
        *(part for part in UserAdmin.fieldsets or () if "date_joined" not in part[1]["fields"]),
        (_("Dates"), {"fields": ("came_last", "joined")}),
    )

    @admin.display(description=_("Last log-in"))
    def came_last(self, user: User) -> str:
        return when(user.last_login)

    @admin.display(description=_("Joined"))
    def joined(self, user: User) -> str:
        return when(user.date_joined)


class AuditedGroupAdmin(Audited, GroupAdmin):
    """Django's own page for groups."""


admin.site.unregister([User, Group])
admin.site.register(User, AuditedUserAdmin)
admin.site.register(Group, AuditedGroupAdmin)
