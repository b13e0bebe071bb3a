"""Django's admin, under the site's own name."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class GatescopeAdminSite(admin.AdminSite):
    site_header = site_title = "Gatescope"
    index_title = _("Dashboard")
