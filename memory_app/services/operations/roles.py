"""The roles of staff: groups with Django's permissions, which staff may change."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User

_USERS = tuple(
    f"{what}_{model}" for model in ("user", "group") for what in ("view", "add", "change", "delete")
)
ROLES = {
    "viewer": ("view_dashboard",),
    "trainer": ("view_dashboard", "train"),
    "publisher": ("view_dashboard", "publish"),
    "admin": ("view_dashboard", "train", "publish", "operate", *_USERS),
}


def roles_make(sender: object = None, **facts: Any) -> None:
    """Make the groups that are missing (Django's post_migrate, once the permissions exist).

    Staff from before there were roles keep what they could do: they become trainers, publishers
    and operators, without the power over users.
    """
    permissions = Permission.objects.filter(content_type__app_label__in=("auth", "memory_app"))
    known = {row.codename: row for row in permissions}
    if not {"view_dashboard", "operate", "view_group"} <= set(known):
        return  # another app's turn comes later
    first = not Group.objects.filter(name__in=ROLES).exists()
    for name, codenames in ROLES.items():
        group, created = Group.objects.get_or_create(name=name)
        if created:
            group.permissions.set([known[codename] for codename in codenames])
    if first:
        for user in User.objects.filter(is_staff=True, is_superuser=False):
            user.groups.add(*Group.objects.filter(name__in=("trainer", "publisher")))
            user.user_permissions.add(known["operate"])
