"""Django's admin under the site's own name: the dashboard's pages, and Django's own for users."""

from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from memory_app.views.dashboard import (
    audit,
    checkpoint_import,
    checkpoints,
    corpora,
    corpus,
    overview,
    runs,
    searches,
    shared_chats,
)


class GatescopeAdminSite(admin.AdminSite):
    """Every page of the dashboard is one of these routes, and asks for staff (`admin_view`)."""

    site_header = site_title = "Gatescope"
    index_title = _("Overview")
    # The dashboard's navigation stands in its place.
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The dashboard's routes come first: its overview is what /admin/ shows."""

        def route(where: str, view: Any, name: str) -> URLPattern:
            return path(where, self.admin_view(view), name=name)

        return [
            route("", overview.overview, "overview"),
            route("runs/", runs.runs, "runs"),
            route("searches/", searches.searches, "searches"),
            route("checkpoints/", checkpoints.checkpoints, "checkpoints"),
            route("checkpoints/import/", checkpoint_import.checkpoint_import, "checkpoint_import"),
            route("corpora/", corpora.corpora, "corpora"),
            route("corpora/sample/", corpora.corpora_sample, "corpora_sample"),
            route("corpora/<uuid:corpus>/", corpus.corpus, "corpus"),
            route("corpora/<uuid:corpus>/delete/", corpus.corpus_remove, "corpus_delete"),
            route("corpora/<uuid:corpus>/rows.jsonl", corpus.corpus_download, "corpus_rows"),
            route("audit/", audit.audit, "audit"),
            route("shared-chats/", shared_chats.shared_chats, "shared_chats"),
            *super().get_urls(),
        ]
