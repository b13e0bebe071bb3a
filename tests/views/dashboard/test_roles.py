"""What each role may do on the dashboard: asked of every row of the policy's table."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import get_resolver, reverse

from memory_app import policy
from memory_app.services.operations.roles import roles_make
from tests.site.test_policy import routes

pytestmark = pytest.mark.django_db(transaction=True)
#: {permission: {role that has it}}, as the table of docs/dashboard.md has it.
WHO = {
    policy.VIEW: {"viewer", "trainer", "publisher", "admin"},
    policy.TRAIN: {"trainer", "admin"},
    policy.PUBLISH: {"publisher", "admin"},
    policy.OPERATE: {"admin"},
}
#: Rows of the dashboard that every member of staff may use.
FOR_ALL_STAFF = {"admin:second_factor", "admin:*"}

#: What each route of the dashboard needs, to be seen and by POST, written down a second time: a row
#: that asks for less is a decision, which belongs here too.
NEEDED = {
    (policy.OPERATE, ""): {
        *("faults_dismiss", "reports", "report_close", "site", "showcase"),
        *("showcase_remove", "limits", "audit", "shared_chats", "shared_chat"),
    },
    (policy.PUBLISH, ""): {
        *("checkpoint_roll_back", "checkpoint_promote", "checkpoint_delete"),
        *("checkpoint_export", "checkpoint_import"),
    },
    (policy.TRAIN, ""): {
        *("run_new", "search_new", "run_cancel", "run_delete", "search_cancel"),
        *("corpus_delete", "run_describe", "checkpoint_evaluate", "checkpoint_card"),
        *("checkpoint_rename", "run_archive", "run_pause", "run_resume", "corpora_sample"),
    },
    (policy.VIEW, ""): {
        *("overview", "overview_live", "runs", "runs_compare", "run", "run_live"),
        *("run_samples", "run_log", "run_curves", "searches", "search", "checkpoints"),
        *("checkpoints_try", "checkpoints_compare", "checkpoint", "checkpoint_exams"),
        "corpus_rows",
    },
    (policy.VIEW, policy.TRAIN): {
        *("corpora", "corpus"),
    },
}


def rows():
    return [r for r in policy.ROWS if r.kind == "http" and r.policy == policy.STAFF]


def test_every_row_of_the_dashboard_asks_for_a_permission():
    for row in rows():
        assert bool(row.permission) != (row.name in FOR_ALL_STAFF), row
        assert {row.permission, row.act} <= {*WHO, ""}
    known = set(
        Permission.objects.filter(content_type__app_label="memory_app").values_list(
            "codename", flat=True
        )
    )
    assert set(WHO) <= known


def test_no_row_of_the_dashboard_asks_for_less_than_it_should():
    rows_by_need: dict[tuple[str, str], set[str]] = {}
    for row in rows():
        if row.name not in FOR_ALL_STAFF:
            need = rows_by_need.setdefault((row.permission, row.act), set())
            need.add(row.name.removeprefix("admin:"))
    assert rows_by_need == NEEDED


@pytest.mark.parametrize("method", ["get", "post"])
def test_each_role_may_do_what_the_table_says_and_no_more(people, chat, method):
    asked = 0
    patterns = {
        space + (entry.name or ""): entry.pattern for entry, space in routes(get_resolver())
    }
    for row in rows():
        if row.name in FOR_ALL_STAFF or method.upper() not in row.methods:
            continue
        converters = patterns[row.name].converters
        kwargs = {
            name: 1 if type(converter).__name__ == "IntConverter" else chat.pk
            for name, converter in converters.items()
        }
        url = reverse(row.name, kwargs=kwargs)
        needed = row.act if row.act and method == "post" else row.permission
        for role, client in people.items():
            # With ids that don't exist, so that who may act changes nothing.
            answer = getattr(client, method)(url)
            assert (answer.status_code == 403) is (role not in WHO[needed]), (row.name, role)
        asked += 1
    assert asked > 15


def test_the_navigation_shows_what_a_role_may_open(people):
    page = people["viewer"].get("/admin/runs/").content.decode()
    assert reverse("admin:corpora") in page
    assert reverse("admin:audit") not in page
    assert reverse("admin:limits") not in page
    assert reverse("admin:limits") in people["admin"].get("/admin/").content.decode()


def test_who_has_no_role_is_told_so(people):
    answer = people["nobody"].get("/admin/")
    assert answer.status_code == 403
    assert "lacks the permission" in answer.content.decode()


def test_staff_from_before_there_were_roles_keep_what_they_could_do():
    Group.objects.all().delete()
    old = User.objects.create_user("old", is_staff=True)
    member = User.objects.create_user("member")
    roles_make()
    for codename in WHO:
        assert User.objects.get(pk=old.pk).has_perm(f"memory_app.{codename}")
        assert not User.objects.get(pk=member.pk).has_perm(f"memory_app.{codename}")
    assert not User.objects.get(pk=old.pk).has_perm("auth.view_user")


def test_a_role_that_staff_changed_stays_changed():
    roles_make()
    Group.objects.get(name="viewer").permissions.clear()
    late = User.objects.create_user("late", is_staff=True)
    roles_make()
    assert not Group.objects.get(name="viewer").permissions.exists()
    assert not late.has_perm("memory_app.train")
