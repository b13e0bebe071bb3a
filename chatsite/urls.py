"""The site's routes: Django's admin, and the app's own."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("memory_app.urls")),
]

handler403 = "memory_app.views.errors.not_allowed"
handler404 = "memory_app.views.errors.not_found"
handler500 = "memory_app.views.errors.server_error"
