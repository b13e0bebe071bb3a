"""Django's two configurations: the app and its admin site."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class MemoryAppConfig(AppConfig):
    default = True
    name = "memory_app"
    verbose_name = "Gatescope"

    def ready(self) -> None:
        from django.contrib.auth.signals import (
            user_logged_in,
            user_logged_out,
            user_login_failed,
        )
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate

        from memory_app import checks, connections, services  # noqa: F401  (checks register themselves)
        from memory_app.services.operations.audit import (
            on_staff_login,
            on_staff_login_failed,
            on_staff_logout,
        )
        from memory_app.services.operations.roles import roles_make

        post_migrate.connect(roles_make, dispatch_uid="roles")
        connection_created.connect(connections.set_up, dispatch_uid="connection-set-up")
        user_logged_in.connect(services.on_login, dispatch_uid="guest-becomes-member")
        user_logged_in.connect(on_staff_login, dispatch_uid="staff-log-in")
        user_logged_out.connect(on_staff_logout, dispatch_uid="staff-log-out")
        user_login_failed.connect(on_staff_login_failed, dispatch_uid="staff-log-in-failed")


class GatescopeAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "memory_app.admin.GatescopeAdminSite"

    def ready(self) -> None:
        super().ready()
        # After Django's own registrations, which it replaces.
        from memory_app import admin_users  # noqa: F401
