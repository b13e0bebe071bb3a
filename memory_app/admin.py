"""Django's admin under the site's own name, with the dashboard's pages as its own."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

from memory_app.log_in import StaffLogInForm
from memory_app.password_forms import OwnPasswordForm
from memory_app.services.operations.audit import audit_record
from memory_app.views.dashboard import (
    audit,
    checkpoint_actions,
    checkpoint_import,
    checkpoints,
    corpora,
    corpus,
    curves,
    limits,
    overview,
    promotion,
    reports,
    run_actions,
    run_list,
    runs,
    searches,
    second_factor,
    shared_chats,
    showcase,
    side_by_side,
    site,
)


class GatescopeAdminSite(admin.AdminSite):
    """Every page of the dashboard is one of these routes, for staff alone (`admin_view`)."""

    site_header = site_title = "Gatescope"
    index_title = _("Overview")
    login_form = StaffLogInForm
    # The dashboard's navigation replaces it.
    enable_nav_sidebar = False

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Django's own index of an app, replaced by the list of users."""
        if request.user.has_perm("auth.view_user"):
            return redirect("admin:auth_user_changelist")
        return super().app_index(request, app_label, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Django's page for one's own password; the audit log records a change."""
        with transaction.atomic():
            answer = PasswordChangeView.as_view(
                form_class=OwnPasswordForm,
                success_url=reverse("admin:password_change_done", current_app=self.name),
                extra_context={**self.each_context(request), **(extra_context or {})},
            )(request)
            # A form again means that nothing changed, a redirect that the password did.
            if request.method == "POST" and answer.status_code == 302:
                name = request.user.get_username()
                audit_record(user=request.user, action="staff.password", object=name)
        return answer

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The dashboard's routes come first, so /admin/ is its overview."""

        def route(where: str, view: Any, name: str, **facts: Any) -> URLPattern:
            return path(where, self.admin_view(view), facts, name=name)

        one_run, one_checkpoint = "runs/<uuid:run>/", "checkpoints/<uuid:checkpoint>/"
        return [
            route("", overview.overview, "overview"),
            route("live/", overview.overview_live, "overview_live"),
            route("errors/dismiss/", overview.faults_dismiss_view, "faults_dismiss"),
            route("runs/", run_list.runs, "runs"),
            route("runs/new/", runs.run_new, "run_new"),
            route("runs/compare/", curves.runs_compare, "runs_compare"),
            route(one_run, runs.run, "run"),
            route(f"{one_run}live/", runs.run_live, "run_live"),
            route(f"{one_run}samples/", runs.run_samples, "run_samples"),
            route(f"{one_run}curves.json", curves.run_curves, "run_curves"),
            route(f"{one_run}log/", run_actions.run_log, "run_log"),
            route(f"{one_run}describe/", run_actions.run_describe_view, "run_describe"),
            route(f"{one_run}archive/", run_actions.run_archive_view, "run_archive"),
            route(f"{one_run}delete/", run_actions.run_delete_view, "run_delete"),
            route(f"{one_run}cancel/", run_actions.run_cancel_view, "run_cancel"),
            route(f"{one_run}pause/", run_actions.run_ask, "run_pause", what="pause"),
            route(f"{one_run}resume/", run_actions.run_ask, "run_resume", what="resume"),
            route("searches/", searches.searches, "searches"),
            route("searches/new/", searches.search_new, "search_new"),
            route("searches/<uuid:search>/", searches.search, "search"),
            route("searches/<uuid:search>/cancel/", searches.search_cancel_view, "search_cancel"),
            route("checkpoints/", checkpoints.checkpoints, "checkpoints"),
            route("checkpoints/try/", side_by_side.checkpoints_try, "checkpoints_try"),
            route("checkpoints/compare/", checkpoints.checkpoints_compare, "checkpoints_compare"),
            route(
                "checkpoints/roll-back/",
                promotion.checkpoint_roll_back_view,
                "checkpoint_roll_back",
            ),
            route(one_checkpoint, checkpoints.checkpoint, "checkpoint"),
            route(f"{one_checkpoint}exams/", checkpoints.checkpoint_exams, "checkpoint_exams"),
            route(
                f"{one_checkpoint}promote/",
                promotion.checkpoint_promote_view,
                "checkpoint_promote",
            ),
            route(
                f"{one_checkpoint}evaluate/",
                checkpoint_actions.checkpoint_evaluate_view,
                "checkpoint_evaluate",
            ),
            route(
                f"{one_checkpoint}card/", checkpoint_actions.checkpoint_card_view, "checkpoint_card"
            ),
            route(
                f"{one_checkpoint}rename/",
                checkpoint_actions.checkpoint_rename_view,
                "checkpoint_rename",
            ),
            route(
                f"{one_checkpoint}export/",
                checkpoint_actions.checkpoint_export_view,
                "checkpoint_export",
            ),
            route(
                f"{one_checkpoint}delete/",
                checkpoint_actions.checkpoint_delete_view,
                "checkpoint_delete",
            ),
            route("checkpoints/import/", checkpoint_import.checkpoint_import, "checkpoint_import"),
            route("corpora/", corpora.corpora, "corpora"),
            route("corpora/sample/", corpora.corpora_sample, "corpora_sample"),
            route("corpora/<uuid:corpus>/", corpus.corpus, "corpus"),
            route("corpora/<uuid:corpus>/delete/", corpus.corpus_remove, "corpus_delete"),
            route("corpora/<uuid:corpus>/rows.jsonl", corpus.corpus_download, "corpus_rows"),
            route("second-factor/", second_factor.second_factor, "second_factor"),
            route("reports/", reports.reports, "reports"),
            route("reports/<int:report>/close/", reports.report_close_view, "report_close"),
            route("site/", site.site, "site"),
            route("site/showcase/", showcase.showcase, "showcase"),
            route(
                "site/showcase/<int:link>/remove/", showcase.showcase_remove_view, "showcase_remove"
            ),
            route("limits/", limits.limits, "limits"),
            route("audit/", audit.audit, "audit"),
            route("shared-chats/", shared_chats.shared_chats, "shared_chats"),
            route("shared-chats/<uuid:chat>/", shared_chats.shared_chat, "shared_chat"),
            *super().get_urls(),
        ]
