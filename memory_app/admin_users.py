"""Django's own pages for users and groups; the audit log records each change."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from memory_app.models import Chat, Turn
from memory_app.password_forms import NewUserForm, PasswordForm
from memory_app.services.operations.audit import audit_record
from memory_app.templatetags.times import when

#: The permissions that can be granted: what policy.py asks for on the dashboard, and those on users
#: and groups. A permission on any other model would do nothing.
PERMISSIONS: dict[str, Any] = {
    "view_dashboard": _("View the dashboard"),
    "train": _("Train: corpora, runs, searches, evaluations"),
    "publish": _("Publish: promote, roll back, import, export and delete checkpoints"),
    "operate": _("Operate: limits, reports, shared chats, audit log"),
    "view_user": _("View users"),
    "add_user": _("Add users"),
    "change_user": _("Change users"),
    "delete_user": _("Delete users"),
    "view_group": _("View groups"),
    "add_group": _("Add groups"),
    "change_group": _("Change groups"),
    "delete_group": _("Delete groups"),
}


class PermissionsField(ModelMultipleChoiceField):
    """Permissions by what they allow, in the reader's language; Django's names are English."""

    def label_from_instance(self, obj: Model) -> str:
        return str(PERMISSIONS[obj.codename])  # type: ignore[attr-defined]


class Audited(admin.ModelAdmin):
    """Changes on Django's own pages are recorded in the audit log, and in no other."""

    filter_horizontal = ()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, under a heading as the dashboard's other lists have."""
        context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return super().changelist_view(request, context)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        """Check boxes: they need no script, and fit on a phone."""
        kwargs["widget"] = CheckboxSelectMultiple()
        if db_field.related_model is Permission:
            kwargs["form_class"] = PermissionsField
            kwargs["queryset"] = Permission.objects.filter(
                content_type__app_label__in=("auth", "memory_app"), codename__in=PERMISSIONS
            ).order_by("-content_type__model", "pk")
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[arg-type]

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
        changes = [part.get("changed", {}) for part in message if isinstance(part, dict)]
        self._record(
            request,
            "change",
            obj,
            sorted({name for change in changes for name in change.get("fields", ())}),
        )

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:  # type: ignore[override]
        for row in queryset:
            self._record(request, "delete", row, [])

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Replaces Django's history of an object, which would be empty: the audit log has it."""
        row = self.get_object(request, object_id)
        query = urlencode({"object": f"{row} ({object_id})"})
        return redirect(f"{reverse('admin:audit')}?{query}")


LAST_SUPERUSER = _(
    "This is the last active superuser. Make another user an active superuser first."
)


def _are_all_superusers(users: Iterable[User]) -> bool:
    """Whether without these users no active superuser would be left."""
    able = User.objects.filter(is_active=True, is_superuser=True)
    keys = [user.pk for user in users]
    return able.filter(pk__in=keys).exists() and not able.exclude(pk__in=keys).exists()


FLAGS: dict[str, Any] = {
    "is_staff": _(
        "Opens the dashboard. What may be seen and done there needs a group or permissions below, "
        "or superuser status."
    ),
    "is_superuser": _("Grants every permission, users and groups included."),
}


class UserForm(UserChangeForm):
    """Django's, which also keeps a site from losing its last active superuser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django's own help doesn't describe the rules of this dashboard.
        for name, help_text in FLAGS.items():
            if name in self.fields:
                self.fields[name].help_text = help_text

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("is_active", "is_superuser"):
            taken = name in self.fields and not cleaned.get(name)
            if taken and _are_all_superusers([self.instance]):
                self.add_error(name, LAST_SUPERUSER)
        return cleaned


class AuditedUserAdmin(Audited, UserAdmin):
    """Django's own page for users; the site's own records of them are read only."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "password1", "password2")}),
    )
    list_display = ("username", "email", "on_staff")
    readonly_fields = ("came_last", "joined")
    fieldsets = (
        *(part for part in UserAdmin.fieldsets or () if "date_joined" not in part[1]["fields"]),
        (_("Dates"), {"fields": ("came_last", "joined")}),
    )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is deleted along; the last active superuser is protected, also among several."""
        _gone, _counts, needed, protected = super().get_deleted_objects(objs, request)
        users = list(objs)
        # Their chats by count alone: staff may not read the content.
        chats = Chat.objects.filter(owner__user__in=users)
        counts = {
            _("users"): len(users),
            _("chats"): chats.count(),
            _("turns"): Turn.objects.filter(chat__in=chats).count(),
        }
        gone = [str(user) for user in users]
        if _are_all_superusers(objs):
            protected = [*protected, str(LAST_SUPERUSER)]
        return gone, counts, needed, protected

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Django's confirmation; for the last active superuser a sentence instead."""
        row = self.get_object(request, object_id)
        if (
            row is not None
            and self.has_delete_permission(request, row)
            and _are_all_superusers([row])
        ):
            messages.error(request, LAST_SUPERUSER)
            return redirect("admin:auth_user_change", row.pk)
        return super().delete_view(request, object_id, extra_context)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the password and its button where the user may only view."""
        parts = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return parts
        return [
            (name, {**part, "fields": [field for field in part["fields"] if field != "password"]})
            for name, part in parts
        ]

    @admin.display(description=_("Staff status"), ordering="is_staff")
    def on_staff(self, user: User) -> Any:
        # In words: Django's icons have English names.
        return _("yes") if user.is_staff else _("no")

    @admin.display(description=_("Last log-in"))
    def came_last(self, user: User) -> str:
        return when(user.last_login)

    @admin.display(description=_("Joined"))
    def joined(self, user: User) -> str:
        return when(user.date_joined)


class AuditedGroupAdmin(Audited, GroupAdmin):
    """Django's own page for groups."""


admin.site.unregister([User, Group])
# Their pages would show the keys.
admin.site.unregister([TOTPDevice, StaticDevice])
admin.site.register(User, AuditedUserAdmin)
admin.site.register(Group, AuditedGroupAdmin)
