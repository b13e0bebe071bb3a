"""What an operator meets on a long day: a session that ends, a second tab, a double click."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from memory_app.core.run_settings import PRESETS, SettingsError
from memory_app.models import (
    AuditEntry,
    Evaluation,
    RunSample,
    RunStatus,
    TrainingMetric,
    TrainingRun,
)
from memory_app.services.operations.audit import audit_record
from memory_app.services.training.leases import Lease
from memory_app.views.dashboard.runs import STOP_POLLING

PAGE = {"Accept": "text/html"}


def make_run(**fields):
    return TrainingRun.objects.create(**{"name": "first run", "preset": "tiny", **fields})


def text_of(response):
    return response.content.decode()


def test_a_script_hears_that_the_session_is_over_instead_of_getting_the_log_in_page(client):
    run = make_run()
    parts = ("run_live", "run_samples", "run_log", "run_curves")
    urls = [reverse(f"admin:{name}", args=[run.pk]) for name in parts]
    urls += [reverse("admin:overview_live"), reverse("admin:runs")]
    stranger = Client()
    for url in urls:
        for headers in ({"HX-Request": "true"}, {"Accept": "application/json"}):
            answer = stranger.get(url, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "logged_out")
        assert stranger.get(url).status_code == 302
    assert 'id="logged-out"' in text_of(client.get(reverse("admin:overview")))


def test_a_form_that_comes_after_the_session_leads_back_to_its_page_and_says_why(client):
    run = make_run()
    form = reverse("admin:run", args=[run.pk])
    answer = Client().post(
        reverse("admin:run_describe", args=[run.pk]),
        {"name": "mine"},
        headers={"Referer": f"http://testserver{form}"},
    )
    assert answer["Location"] == f"{reverse('admin:login')}?next={form}%23draft"
    stranger = Client()
    elsewhere = {"Referer": "http://evil.example/admin/"}
    answer = stranger.post(reverse("admin:run_new"), {"name": "mine"}, headers=elsewhere)
    assert (
        answer["Location"] == f"{reverse('admin:login')}?next={reverse('admin:overview')}%23draft"
    )
    assert "so the form was not sent" in text_of(stranger.get(answer["Location"]))


def test_samples_and_log_stay_on_the_page_when_a_run_stands_still(client):
    run = make_run(status=RunStatus.PAUSED)
    RunSample.objects.create(run=run, step=5, exchanges=[{"prompt": "Hi", "reply": "Hello"}])
    samples = client.get(reverse("admin:run_samples", args=[run.pk]), {"seen": "5"})
    log = client.get(reverse("admin:run_log", args=[run.pk]), {"seen": ""})
    assert (samples.status_code, log.status_code) == (STOP_POLLING, STOP_POLLING)
    assert "Hello" in text_of(samples)
    assert 'id="log"' in text_of(log)


def test_a_paused_run_is_seen_to_go_on_by_every_page_that_shows_it(client):
    run = make_run(status=RunStatus.PAUSED)
    live = reverse("admin:run_live", args=[run.pk])
    assert f'hx-get="{live}"' in text_of(client.get(reverse("admin:run", args=[run.pk])))
    assert client.get(live, {"seen": "paused"}).status_code == 204
    TrainingRun.objects.update(status=RunStatus.QUEUED)
    answer = client.get(live, {"seen": "paused"})
    assert (answer.status_code, answer["HX-Trigger"]) == (
        200,
        "run-soon, run-resumed",
    )
    assert 'data-status="queued"' in text_of(answer)
    rows = client.get(reverse("admin:runs"), headers={"HX-Request": "true"})
    assert rows.status_code == 200


def test_a_message_tells_what_was_asked(client):
    run = make_run(status=RunStatus.QUEUED)
    for what in ("pause", "resume"):
        answer = client.post(reverse(f"admin:run_{what}", args=[run.pk]), follow=True)
        assert f"{what.capitalize()} requested for “first run”." in text_of(answer)
        assert '<li class="success">' in text_of(answer)
    answer = client.post(reverse("admin:run_cancel", args=[run.pk]), follow=True)
    assert "Cancellation requested for “first run”." in text_of(answer)


def test_a_run_whose_evaluation_was_broken_off_has_no_figures_of_later_steps(client):
    run = make_run(status=RunStatus.QUEUED, total_steps=400)
    lease = Lease.claim(run.pk)
    for step in (130, 150):
        lease.record(step, {"loss": step / 100})
    RunSample.objects.create(run=run, step=150)
    lease.forget_after(135)
    assert list(TrainingMetric.objects.values_list("step", flat=True)) == [130]
    assert not RunSample.objects.exists()


def test_the_first_field_that_is_wrong_has_the_focus(client, other):
    answer = client.post(reverse("admin:checkpoint_evaluate", args=[other.pk]), {"n": "many"})
    assert answer.status_code == 400
    field = text_of(answer).partition('id="n"')[2].partition(">")[0]
    assert 'aria-invalid="true"' in field
    assert "autofocus" in field


def test_comparing_fewer_than_two_asks_for_another(client, other):
    none = text_of(client.get(reverse("admin:checkpoints_compare")))
    assert "Select two checkpoints." in none
    assert "has been evaluated" not in none
    one, two = make_run(), make_run(name="second run")
    answer = text_of(client.get(reverse("admin:runs_compare"), {"run": one.pk}))
    assert "Select a second run to compare with first run." in answer
    assert f'<option value="{two.pk}">' in answer
    assert "Select two runs." in text_of(client.get(reverse("admin:runs_compare")))


def test_who_may_only_look_at_users_is_shown_no_way_to_reset_a_password(client, mira):
    helper = User.objects.create_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_user"))
    page = reverse("admin:auth_user_change", args=[User.objects.get(username="mira").pk])
    assert "../password/" in text_of(client.get(page))
    browser = Client()
    browser.force_login(helper)
    shown = browser.get(page)
    assert shown.status_code == 200
    assert "../password/" not in text_of(shown)
    refused = browser.get(f"{page.removesuffix('change/')}password/")
    assert refused.status_code == 403
    assert 'class="sections"' in text_of(refused)


def test_what_is_not_there_below_admin_keeps_the_menu_for_staff_alone(client):
    missing = client.get("/admin/runs/00000000-0000-0000-0000-000000000000/")
    assert missing.status_code == 404
    assert 'class="sections"' in text_of(missing)
    assert "helper" not in text_of(client.get("/nowhere/"))
    assert 'class="sections"' not in text_of(client.get("/nowhere/"))


def test_an_address_that_takes_only_forms_is_a_page_with_a_way_on(client):
    run = make_run()
    for url in ("/chat/", "/accounts/logout/", reverse("admin:run_pause", args=[run.pk])):
        answer = client.get(url, headers=PAGE)
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
        assert "This address is not a page" in text_of(answer)
    assert client.get("/chat/", headers={"Accept": "application/json"}).content == b""


def test_the_overview_counts_waiting_evaluations_beside_a_run(client, other):
    make_run(status=RunStatus.RUNNING)
    Evaluation.objects.create(checkpoint=other, suite="recall", status="queued")
    assert "1 evaluation waiting" in text_of(client.get(reverse("admin:overview_live")))


def test_a_form_that_is_saved_twice_is_one_entry_that_leads_to_its_object(client, other):
    run = make_run(status=RunStatus.FINISHED)
    for _ in range(2):
        client.post(reverse("admin:run_describe", args=[run.pk]), {"name": "mine", "note": "x"})
        client.post(reverse("admin:checkpoint_card", args=[other.pk]), {"card": "Good."})
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions.count("run.describe") == 1
    assert actions.count("checkpoint.card") == 1
    audit_record(user=None, action="run.delete", object=f"gone ({other.pk})")
    audit_record(user=None, action="user.change", object="nobody (abc)")
    audit = text_of(client.get(reverse("admin:audit")))
    run_at = reverse("admin:run", args=[run.pk])
    # Ids are cut, and whole in the title.
    short = f"mine ({str(run.pk)[:8]})"
    assert f'<a href="{run_at}" title="mine ({run.pk})">{short}</a>' in audit
    at = reverse("admin:checkpoint", args=[other.pk])
    assert f'<a href="{at}" title="{other}">{other}</a>' in audit
    assert f">gone ({str(other.pk)[:8]})</td>" in audit


def test_a_run_that_ends_with_weights_of_another_says_so(client, other):
    first = make_run(status=RunStatus.FINISHED, checkpoint=other)
    second = make_run(name="again", status=RunStatus.FINISHED, checkpoint=other)
    assert "equal-weights" not in text_of(client.get(reverse("admin:run", args=[first.pk])))
    assert "equal-weights" in text_of(client.get(reverse("admin:run", args=[second.pk])))


def test_a_search_tells_of_archived_runs_and_a_wrong_clone_is_refused(client):
    make_run(status=RunStatus.FINISHED, archived=True)
    found = text_of(client.get(reverse("admin:runs"), {"q": "first"}))
    assert "Archived runs are hidden: 1 matches." in found
    assert "show=archived" in found
    assert "are hidden" not in text_of(client.get(reverse("admin:runs"), {"q": "zzz"}))
    answer = client.get(reverse("admin:run_new"), {"clone": "zzz"})
    assert answer.status_code == 400
    assert "The run to clone doesn’t exist." in text_of(answer)


def test_a_whole_number_that_is_too_large_is_out_of_range_however_it_is_written():
    for typed in ("1e9", "1000000000"):
        with pytest.raises(SettingsError, match="window must be from"):
            PRESETS["tiny"].changed({"window": typed})
