"""Every page of the dashboard: for staff alone, in both languages, showing what there is."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.html import escape

from memory_app import policy
from memory_app.models import (
    AuditEntry,
    Checkpoint,
    Corpus,
    FaultEntry,
    ParameterSearch,
    ProcessReport,
    Promotion,
    RunSample,
    RunStatus,
    TrainingMetric,
    TrainingRun,
    Turn,
)
from memory_app.services.operations.processes import process_report, processes_total
from memory_app.services.training.run_faults import run_fault
from memory_app.version import __version__
from memory_app.views.dashboard.curves import MOST_POINTS, thinned
from memory_app.views.dashboard.runs import STOP_POLLING
from tests.views.dashboard.test_roles import WHO

pytestmark = pytest.mark.slow


#: Addresses at which a refused form stands: a GET goes back to the object's page.
REFUSED_FORMS = ("run_describe", "checkpoint_evaluate", "checkpoint_card", "checkpoint_rename")


@pytest.fixture
def run(transactional_db):
    return TrainingRun.objects.create(
        name="first <words>", preset="tiny", settings={"steps": 400}, total_steps=400
    )


@pytest.fixture
def pages(run, other, chat):
    """Every page that is read, with things on it."""
    search = ParameterSearch.objects.create(
        name="rates", method="grid", preset="tiny", space={"steps": [1, 2]}
    )
    TrainingRun.objects.filter(pk=run.pk).update(search=search)
    type(chat).objects.filter(pk=chat.pk).update(shared=True)
    corpus = Corpus.objects.create(name="talks", path="x", sha256="0" * 64, rows=1)
    keys = {
        "corpus": corpus.pk,
        "run": run.pk,
        "search": search.pk,
        "checkpoint": other.pk,
        "chat": chat.pk,
    }
    one = {
        "run": "run", "run_live": "run", "run_samples": "run", "run_curves": "run",
        "run_cancel": "run", "run_delete": "run", "run_log": "run",
        "search": "search", "search_cancel": "search",
        "checkpoint": "checkpoint", "checkpoint_exams": "checkpoint",
        "checkpoint_promote": "checkpoint", "checkpoint_delete": "checkpoint",
        "corpus": "corpus", "corpus_delete": "corpus",
        "shared_chat": "chat",
    }  # fmt: skip
    names = [
        row.name.removeprefix("admin:")
        for row in policy.ROWS
        if row.name.startswith("admin:") and "GET" in row.methods and row.policy == policy.STAFF
    ]
    return [
        reverse(f"admin:{name}", args=[keys[one[name]]] if name in one else [])
        for name in names
        if name not in {"*", "corpus_rows", *REFUSED_FORMS}  # those rows have no file here
    ]


def test_every_page_is_for_staff_alone(pages, client, alice, run):
    assert len(pages) > 18
    for url in pages:
        # Nothing to roll back to, and a run that has not ended, are said elsewhere.
        nothing = url.endswith("roll-back/") or url == reverse("admin:run_delete", args=[run.pk])
        assert client.get(url).status_code in ({302} if nothing else {200, 204, STOP_POLLING}), url
        for stranger in (alice.client, Client()):
            answer = stranger.get(url)
            assert answer.status_code == 302, url
            assert answer["Location"].startswith("/admin/login/")


def test_what_changes_something_takes_a_post_with_its_token_from_staff(mira, alice, run, other):
    acts = [
        row.name
        for row in policy.ROWS
        if row.name.startswith("admin:") and row.methods == ("POST",)
    ]
    acts.remove("admin:logout")
    forms = [f"admin:{name}" for name in REFUSED_FORMS]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = mira.client.cookies
    for name in [*acts, *forms]:
        key = {"run": run.pk} if ":run" in name else {"checkpoint": other.pk}
        key = {"report": 1} if ":report" in name else key
        key = {"link": 1} if ":showcase" in name else key
        bare = name.endswith(("_import", "_dismiss", "_sample"))
        url = reverse(name, kwargs={} if bare else key)
        assert mira.client.get(url).status_code == (302 if name in forms else 405), name
        assert strict.post(url).status_code == 403, name
        assert alice.client.post(url)["Location"].startswith("/admin/login/"), name
    assert not other.live


def test_names_are_text_in_every_view(pages, client):
    for url in pages:
        assert b"<words>" not in client.get(url).content.replace(b"first <words>", b"")
        if not url.endswith(".json"):
            assert b"first <words>" not in client.get(url).content, url


def test_the_dashboard_speaks_chinese(client, run):
    client.cookies["django_language"] = "zh-hans"
    for name in ("overview", "runs", "run_new", "checkpoints", "audit", "shared_chats", "searches"):
        answer = client.get(reverse(f"admin:{name}"))
        assert "训练" in answer.content.decode(), name


def test_the_page_is_content_with_the_strict_policy(client, pages):
    for url in pages:
        body = client.get(url).content.decode()
        assert " style=" not in body, url
        assert "<style" not in body, url
        assert "onclick" not in body, url


def test_the_overview_shows_the_version(client):
    assert f"Gatescope {__version__}<" in client.get(reverse("admin:overview")).content.decode()


def test_the_overview_counts_days_and_tokens(client, chat):
    for day in (0, 0, 3):
        Turn.objects.create(
            chat=chat,
            client_turn_id=uuid4(),
            seed=1,
            status="complete",
            user_token_ids=[1, 2],
            reply_token_ids=[1, 2, 3],
            created=timezone.now() - timedelta(days=day),
        )
    body = client.get(reverse("admin:overview")).content.decode()
    use = json.loads(
        body.split('id="use-by-day" type="application/json">')[1].split("</script>")[0]
    )
    assert len(use["days"]) == len(use["turns"]) == 30
    assert (use["turns"][-1], use["turns"][-4], use["turns"][-2]) == (2, 1, 0)
    assert (use["tokens"][-1], use["tokens"][-4]) == (10, 5)
    assert use["chats"][-1] == 1


def test_the_live_figures_are_those_of_every_living_process(client, transactional_db):
    process_report(sockets=2, replies=1)
    now = timezone.now()
    ProcessReport.objects.create(process="beside", at=now, sockets=3, batch=5, waiting=1)
    ProcessReport.objects.create(process="dead", at=now - timedelta(minutes=2), sockets=9)
    total = processes_total()
    assert (total["processes"], total["sockets"], total["replies"]) == (2, 5, 1)
    assert (total["batch"], total["waiting"]) == (5, 1)
    assert b"in 2 processes" in client.get(reverse("admin:overview_live")).content


def test_the_last_errors_are_shown(client, transactional_db):
    FaultEntry.objects.create(source="memory_app.generation", message="reply <failed>")
    assert b"reply &lt;failed&gt;" in client.get(reverse("admin:overview_live")).content


def test_an_error_names_its_run_with_a_link_and_in_the_readers_language(client, run):
    message = f"run failed · ValueError at trainer.py:7 · run {run.pk} · run {'0' * 32}"
    FaultEntry.objects.create(source="x", message=message)
    client.cookies["django_language"] = "zh-hans"
    body = client.get(reverse("admin:overview_live")).content.decode()
    link = f'<a href="{reverse("admin:run", args=[run.pk])}">{escape(run.name)}</a>'
    assert f"{link}: 一次训练失败 · ValueError at trainer.py:7 · run {'0' * 32}" in body
    # Its own sentence says more; of a deleted run the audit log knows the name.
    reason = run_fault(RuntimeError("no CUDA"), device="cuda")
    TrainingRun.objects.update(error=str(reason), error_said=reason.to_dict(), status="failed")
    body = client.get(reverse("admin:overview_live")).content.decode()
    assert f"{link}: 这台机器无法使用设备 cuda。" in body
    assert "trainer.py" not in body
    client.post(reverse("admin:run_delete", args=[run.pk]))
    assert not TrainingRun.objects.exists()
    body = client.get(reverse("admin:overview_live")).content.decode()
    assert f"<span>{escape(run.name)}: 一次训练失败" in body
    assert str(run.pk) not in body


def test_an_error_names_its_checkpoint_also_when_that_was_deleted(client, other):
    message = f"evaluation failed · evaluation 99 · sha256 {other.sha256}"
    FaultEntry.objects.create(source="x", message=message)
    body = client.get(reverse("admin:overview_live")).content.decode()
    assert f'">{escape(other.name)}</a>: An evaluation failed<' in body
    client.post(reverse("admin:checkpoint_delete", args=[other.pk]), {"name": other.name})
    assert not Checkpoint.objects.filter(pk=other.pk).exists()
    body = client.get(reverse("admin:overview_live")).content.decode()
    assert f"<span>{escape(other.name)}: An evaluation failed<" in body


def test_errors_are_dismissed_up_to_the_last_that_was_shown(client, transactional_db):
    for n in range(2):
        FaultEntry.objects.create(source="x", message=f"reply {n} failed")
    body = client.get(reverse("admin:overview")).content.decode()
    last = re.search(r'form="dismiss" name="last" value="(\d+)"', body)[1]
    FaultEntry.objects.create(source="x", message="since then")
    for typed in (last, "many", ""):
        client.post(reverse("admin:faults_dismiss"), {"last": typed})
    assert list(FaultEntry.objects.values_list("message", flat=True)) == ["since then"]
    entry = AuditEntry.objects.get(action="faults.dismiss")
    assert (entry.username, entry.detail) == ("mira", {"errors": 2})


def test_a_first_run_is_one_button_that_adds_the_sample(client, transactional_db, in_this_process):
    overview = client.get(reverse("admin:overview")).content.decode()
    assert f'action="{reverse("admin:corpora_sample")}"' in overview
    answer = client.post(reverse("admin:corpora_sample"), {"then": "run"}, follow=True)
    form = answer.content.decode()
    assert 'value="tiny" checked' in form
    assert re.search(r'name="corpus" value="sample-facts" checked', form)
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert list(actions) == ["corpus.sample", "corpus.sample"]
    runs = client.get(reverse("admin:runs")).content.decode()
    assert "?preset=tiny&amp;corpus=sample-facts" in runs


def test_groups_are_found_from_users_and_djangos_index_leads_there(client):
    users = client.get("/admin/auth/", follow=True)
    assert users.redirect_chain[0][0] == reverse("admin:auth_user_changelist")
    groups = reverse("admin:auth_group_changelist")
    assert f'href="{groups}">Groups</a>' in users.content.decode()
    assert 'aria-current="page">Users</a>' in client.get(groups).content.decode()


def test_the_audit_log_shows_ids_short(client, transactional_db):
    AuditEntry.objects.create(
        username="command line",
        action="run.launch",
        object="mine (e06d543f-547f-4e2e-905f-fa616993348b)",
        detail={"sha256": "a1" * 32},
    )
    body = client.get(reverse("admin:audit")).content.decode().split("<tbody>")[1]
    assert "mine (e06d543f)" in body
    assert "sha256: a1a1a1a1<" in body
    client.cookies["django_language"] = "zh-hans"
    assert ">命令行<" in client.get(reverse("admin:audit")).content.decode()


def test_the_live_checkpoints_page_leads_to_what_was_live_before(client, checkpoint, other):
    page = reverse("admin:checkpoint", args=[checkpoint.pk])
    assert "Roll back to" not in client.get(page).content.decode()
    Promotion.objects.create(checkpoint=checkpoint, previous=other, language="en")
    assert f"Roll back to {other.name}" in client.get(page).content.decode()


def test_a_run_that_waits_has_not_started(client, run):
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.QUEUED, started=None)
    body = client.get(reverse("admin:runs")).content.decode()
    assert "<time" not in body.split('data-label="Started"')[1].split("</tr>")[0]
    cancel = client.get(reverse("admin:run_cancel", args=[run.pk])).content.decode()
    assert "It has not started yet." in cancel
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.CANCELLED, step=0)
    assert ">Start after all<" in client.get(reverse("admin:run", args=[run.pk])).content.decode()


def test_curves_come_piece_by_piece_and_a_late_row_of_an_old_step_is_not_lost(client, run):
    def ask(after):
        return client.get(reverse("admin:run_curves", args=[run.pk]), {"after": after}).json()

    TrainingMetric.objects.create(run=run, step=10, name="loss", value=7)
    TrainingMetric.objects.create(run=run, step=10, name="tokens", value=70)
    first = ask(0)
    assert first["series"] == {"loss": [[10, 7.0]]}
    assert first["more"] is True
    # The validation of a step is written after its loss, and maybe after somebody asked.
    TrainingMetric.objects.create(run=run, step=10, name="bits_per_byte/talks", value=3)
    second = ask(first["after"])
    assert second["series"] == {"bits_per_byte/talks": [[10, 3.0]]}
    assert ask(second["after"])["series"] == {}
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.FINISHED)
    assert ask(second["after"])["more"] is False
    for nonsense in ("x", "-1", "1e9", "²"):
        assert ask(nonsense)["series"].keys() == {"loss", "bits_per_byte/talks"}


def test_a_long_curve_is_thinned_to_means():
    points = [(step, float(step)) for step in range(1, 5001)]
    few = thinned(points)
    assert len(few) <= MOST_POINTS
    assert few[-1][0] == 5000
    assert few[0] == (13, 7.0)
    assert thinned(points[:MOST_POINTS]) == points[:MOST_POINTS]


def test_polling_ends_with_the_run(client, run):
    live = reverse("admin:run_live", args=[run.pk])
    assert client.get(live).status_code == 200
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.FINISHED)
    assert client.get(live).status_code == STOP_POLLING


def test_what_may_be_done_with_a_run_comes_with_its_end(client, run):
    live, page = (reverse(f"admin:{name}", args=[run.pk]) for name in ("run_live", "run"))
    remove = reverse("admin:run_delete", args=[run.pk])
    for url in (live, page):
        assert remove not in client.get(url).content.decode()
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.FINISHED)
    deeds = client.get(live).content.decode().split('id="ended-deeds" hx-swap-oob="true"')[1]
    assert remove in deeds
    body = client.get(page).content.decode()
    assert body.count('id="ended-deeds"') == body.count(remove) == 1
    assert "hx-swap-oob" not in body


def test_a_search_can_be_cancelled_as_long_as_a_run_of_it_has_not_ended(client, run):
    search = ParameterSearch.objects.create(name="rates", method="grid", preset="tiny")
    page, cancel = (
        reverse(f"admin:{name}", args=[search.pk]) for name in ("search", "search_cancel")
    )
    rows = TrainingRun.objects.filter(pk=run.pk)
    for status, there in (("running", True), ("paused", True), ("finished", False)):
        rows.update(search=search, status=status)
        assert (cancel in client.get(page).content.decode()) == there, status
        part = client.get(page, headers={"HX-Request": "true"}).content.decode()
        assert (
            cancel in part.split('id="search-deeds" hx-ext="patch" hx-swap-oob="patch"')[1]
        ) == there, status


@pytest.mark.parametrize(
    ("status", "soon"),
    [("queued", True), ("pausing", True), ("cancelling", True), ("running", False),
     ("paused", False), ("cancelled", False), ("finished", False)],
)  # fmt: skip
def test_what_was_asked_of_a_run_is_looked_for_sooner(client, run, status, soon):
    TrainingRun.objects.filter(pk=run.pk).update(status=status)
    answer = client.get(reverse("admin:run_live", args=[run.pk]))
    assert ("run-soon" in answer.headers.get("HX-Trigger", "")) == soon
    page = client.get(reverse("admin:run", args=[run.pk])).content
    assert (b"load delay" in page) == soon


def test_a_run_that_waits_for_another_is_not(client, run):
    TrainingRun.objects.create(name="ahead", preset="tiny", status=RunStatus.RUNNING)
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.QUEUED)
    assert "HX-Trigger" not in client.get(reverse("admin:run_live", args=[run.pk])).headers


def test_samples_are_sent_when_there_are_new_ones_and_are_text(client, run):
    url = reverse("admin:run_samples", args=[run.pk])
    assert client.get(url, {"seen": "-1"}).status_code == 204
    RunSample.objects.create(
        run=run, step=50, exchanges=[{"prompt": "Hello?", "reply": "<script>x</script>"}]
    )
    TrainingMetric.objects.create(run=run, step=50, name="recall/gap_0", value=0.25)
    answer = client.get(url, {"seen": "-1"})
    assert b"&lt;script&gt;" in answer.content
    assert "25%" in answer.content.decode()
    assert client.get(url, {"seen": "50"}).status_code == 204


def test_an_empty_dashboard_offers_a_beginning(client):
    body = client.get(reverse("admin:overview")).content.decode()
    assert "sample corpus" in body
    for name in ("overview", "runs"):
        body = client.get(reverse(f"admin:{name}")).content.decode()
        assert f'action="{reverse("admin:corpora_sample")}"' in body
    assert "preset=tiny" in client.get(reverse("admin:searches")).content.decode()


def test_a_name_stays_as_it_is_written_where_a_message_begins_with_it(client, other):
    type(other).objects.filter(pk=other.pk).update(name="tiny one")
    url = reverse("admin:checkpoint_promote", args=[other.pk])
    body = client.post(url, {"name": "tiny one"}, follow=True).content.decode()
    assert "“tiny one” is live" in body
    assert "Tiny one" not in body


def test_times_are_in_utc_and_say_so_until_the_readers_clock_takes_over(pages, client):
    for url in pages:
        body = client.get(url).content.decode()
        for text in re.findall(r"<time[^>]*data-form=[^>]*>([^<]*)<", body):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)? UTC)?", text), (url, text)
        assert len(re.findall("<time", body)) == len(re.findall("<time[^>]*data-form", body)), url
        assert "a.m." not in body
        assert "p.m." not in body


def test_a_user_page_tells_its_times_in_the_same_clock(client, mira):
    url = reverse("admin:auth_user_change", args=[mira.person.user.pk])
    body = client.get(url).content.decode()
    assert re.search(r"<time[^>]*data-form=.minute.[^>]*>\d{4}-\d\d-\d\d \d\d:\d\d UTC<", body)
    assert 'name="date_joined_0"' not in body


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/"])
def test_the_language_is_switched_in_the_admin_too(client, path):
    browser = Client() if path.endswith("login/") else client
    assert ">中文</button>" in browser.get(path).content.decode()
    browser.post("/accounts/language/", {"language": "zh-hans", "next": path})
    body = browser.get(path).content.decode()
    assert 'lang="zh-hans"' in body
    assert ">English</button>" in body
    assert "聊天" not in body


def test_details_of_the_audit_log_are_words(client, transactional_db):
    AuditEntry.objects.create(
        username="mira",
        action="run.launch",
        detail={"corpora": [["good", 1.0], ["two", 2.0]], "space": {"steps": [1, 2]}, "x": None},
    )
    AuditEntry.objects.create(
        username="mira",
        action="limit.change",
        object="chats",
        detail={"from": "off", "to": "guest=100/h all=9/s"},
    )
    body = client.get(reverse("admin:audit")).content.decode()
    assert "before: no limit" in body
    assert "now: a guest 100/h; the site 9/s" in body
    assert "corpora: good, two ×2" in body
    assert "varied: steps 1, 2" in body
    assert "[" not in body.split("<tbody>")[1].split("</tbody>")[0]
    assert "None" not in body.split("<tbody>")[1].split("</tbody>")[0]


def test_what_concerns_everybody_asks_first_and_does_nothing_by_being_looked_at(
    client, mira, alice, run, other, checkpoint
):
    corpus = Corpus.objects.create(name="talks", path="x", sha256="0" * 64, rows=1)
    search = ParameterSearch.objects.create(name="rates", method="grid", preset="tiny")
    TrainingRun.objects.filter(pk=run.pk).update(search=search)
    Promotion.objects.create(checkpoint=checkpoint, previous=other, language="en")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = mira.client.cookies
    for name, key in {
        "checkpoint_promote": {"checkpoint": other.pk},
        "checkpoint_delete": {"checkpoint": other.pk},
        "corpus_delete": {"corpus": corpus.pk},
        "run_cancel": {"run": run.pk},
        "search_cancel": {"search": search.pk},
        "checkpoint_roll_back": {},
    }.items():
        url = reverse(f"admin:{name}", kwargs=key)
        body = client.get(url, {"language": "en"}).content.decode()
        assert 'class="panel confirm" method="post"' in body, name
        assert strict.post(url).status_code == 403, name
        for stranger in (alice.client, Client()):
            assert stranger.post(url)["Location"].startswith("/admin/login/"), name
    assert not AuditEntry.objects.exclude(action__startswith="staff.").exists()
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    client.post(reverse("admin:search_cancel", args=[search.pk]))
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert AuditEntry.objects.get(action="search.cancel").detail == {"runs": 1}


def acts_on(page: str) -> list[tuple[str, str]]:
    """Every address that a page leads to: (method, path)."""
    found = [("GET", path) for path in re.findall(r'(?:href|hx-get)="(/[^"?#]*)', page)]
    for form in re.findall(r"<form[^>]*>", page):
        action = re.search(r'action="(/[^"?#]*)', form)
        if action:
            found.append(("POST" if 'method="post"' in form else "GET", action.group(1)))
    return found


def test_no_page_offers_a_role_what_it_may_not_do(people, pages, run, other):
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING)
    ended = TrainingRun.objects.create(
        name="ended", preset="tiny", settings={}, total_steps=1, status=RunStatus.FAILED
    )
    del people["nobody"]  # sees no page but that of the second factor, with the site's name on it
    offered = {role: set() for role in people}
    for url in [*pages, reverse("admin:run", args=[ended.pk])]:
        for role, client in people.items():
            answer = client.get(url)
            if answer.status_code != 200 or "html" not in answer["Content-Type"]:
                continue
            for method, path in acts_on(answer.content.decode()):
                try:
                    match = resolve(path)
                except Resolver404:
                    continue  # a file
                row = policy.row_of("http", match.view_name) if match.view_name else None
                needed = row.permission_for(method) if row else ""
                if needed:
                    assert role in WHO[needed.removeprefix("memory_app.")], (url, role, path)
                    offered[role].add((method, match.view_name))
    # What a page hides it hides from those alone who may not do it.
    everything = offered["admin"]
    for act in (
        ("POST", "admin:run_pause"), ("GET", "admin:run_cancel"), ("GET", "admin:run_delete"),
        ("POST", "admin:run_archive"), ("POST", "admin:run_describe"), ("GET", "admin:run_new"),
        ("GET", "admin:search_cancel"), ("GET", "admin:search_new"), ("POST", "admin:corpora"),
        ("GET", "admin:corpus_delete"), ("POST", "admin:checkpoint_evaluate"),
        ("POST", "admin:checkpoint_rename"), ("POST", "admin:checkpoint_card"),
        ("POST", "admin:faults_dismiss"), ("POST", "admin:corpora_sample"),
        ("GET", "admin:checkpoint_promote"), ("POST", "admin:checkpoint_export"),
        ("GET", "admin:checkpoint_import"),
    ):  # fmt: skip
        assert act in everything, act
        needed = policy.row_of("http", act[1]).permission_for(act[0]).removeprefix("memory_app.")
        for role in WHO[needed]:
            assert act in offered[role], (role, act)
