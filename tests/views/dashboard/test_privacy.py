"""Staff see no chat's text unless its owner shared it; what staff do is on record for good."""

import logging
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from memory_app import error_log
from memory_app.management.commands import worker
from memory_app.models import AuditEntry, Chat, FaultEntry, Turn
from memory_app.services.operations.audit import audit_record

pytestmark = pytest.mark.slow

SECRET = "The safe opens with 4711 <b>"


@pytest.fixture
def said(chat):
    Chat.objects.filter(pk=chat.pk).update(title="About the safe")
    turn = Turn.objects.create(
        chat=chat,
        client_turn_id=uuid4(),
        seed=1,
        status="complete",
        user_text=SECRET,
        reply_text="I will keep it <script>.",
    )
    Chat.objects.filter(pk=chat.pk).update(head=turn)
    return chat


def pages(client, chat):
    """What staff could open that has to do with Alice."""
    user = User.objects.get(username="alice")
    urls = [
        reverse(f"admin:{name}")
        for name in ("overview", "overview_live", "shared_chats", "audit", "checkpoints")
    ]
    urls += [
        reverse("admin:checkpoint", args=[chat.checkpoint_id]),
        reverse("admin:auth_user_change", args=[user.pk]),
        reverse("admin:auth_user_delete", args=[user.pk]),
        reverse("admin:shared_chat", args=[chat.pk]),
    ]
    return {url: client.get(url) for url in urls}


def test_no_page_shows_the_text_of_a_chat_that_is_not_shared(client, said):
    for url, answer in pages(client, said).items():
        assert "4711" not in answer.content.decode(), url
        assert "About the safe" not in answer.content.decode(), url
    assert client.get(reverse("admin:shared_chat", args=[said.pk])).status_code == 404


def test_no_model_of_the_site_is_registered_with_the_admin():
    """A page that Django writes by itself would show every field, a turn's text too."""
    assert {model.__name__ for model in admin.site._registry} == {"User", "Group"}


def test_a_shared_chat_can_be_read_and_its_text_is_text(client, said):
    Chat.objects.filter(pk=said.pk).update(shared=True)
    answer = client.get(reverse("admin:shared_chat", args=[said.pk]))
    assert "4711 &lt;b&gt;" in answer.content.decode()
    assert "<script>." not in answer.content.decode()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object) == ("shared_chat.read", str(said.pk))
    assert client.post(reverse("admin:shared_chat", args=[said.pk])).status_code == 405
    # Taken back, or deleted, it is gone at once.
    Chat.objects.filter(pk=said.pk).update(shared=False)
    assert client.get(reverse("admin:shared_chat", args=[said.pk])).status_code == 404


def test_a_change_of_a_user_is_on_record_by_field_names_alone(client, mira):
    add = {"username": "newcomer", "password1": "pass-word-4711", "password2": "pass-word-4711"}
    client.post(reverse("admin:auth_user_add"), add | {"usable_password": "true"})
    user = User.objects.get(username="newcomer")
    page = client.get(reverse("admin:auth_user_change", args=[user.pk]))
    form = page.context["adminform"].form
    data = {name: value for name, value in form.initial.items() if isinstance(value, str)}
    data |= {"is_active": "on", "is_staff": "on", "email": "secret@example.org"}
    data |= {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    client.post(reverse("admin:auth_user_change", args=[user.pk]), data)
    client.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"})
    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.action for entry in entries] == ["user.add", "user.change", "user.delete"]
    assert "Email address" in str(entries[1].detail)
    assert "secret@example.org" not in str([entry.detail for entry in entries])
    history = client.get(reverse("admin:auth_user_history", args=[mira.person.user.pk]))
    assert history["Location"].startswith(reverse("admin:audit"))


def test_the_last_active_superuser_stays_one(client):
    last = User.objects.get(is_superuser=True, is_active=True)
    change = reverse("admin:auth_user_change", args=[last.pk])
    delete = reverse("admin:auth_user_delete", args=[last.pk])
    users = reverse("admin:auth_user_changelist")
    some = {"action": "delete_selected", "_selected_action": [last.pk], "post": "yes"}

    def is_kept(**changes):
        form = {"username": last.username, "is_staff": "on", "is_active": "on"}
        form |= {"is_superuser": "on"} | changes
        client.post(change, {name: value for name, value in form.items() if value})
        row = User.objects.filter(pk=last.pk).first()
        return row is not None and row.is_active and row.is_superuser

    said = "This is the last active superuser."
    assert said in client.post(delete, {"post": "yes"}, follow=True).content.decode()
    assert said in client.post(users, some).content.decode()
    assert is_kept(is_active="")
    assert is_kept(is_superuser="")
    other = User.objects.create_superuser("other", password="x")
    some["_selected_action"].append(other.pk)
    assert said in client.post(users, some).content.decode()
    assert not is_kept(is_superuser="")


def test_an_address_that_is_none_leads_staff_back_to_the_dashboard(client):
    body = client.get("/admin/nothing/").content.decode()
    assert 'href="/admin/">Dashboard overview' in body
    assert "the account that created it" not in body
    assert "the account that created it" in client.get("/nothing/").content.decode()


def test_a_worker_keeps_its_errors_after_celery_has_set_up_the_log_anew(monkeypatch):
    root, kept = logging.getLogger(), []

    def idle(**_facts):
        pass

    def started(argv):
        for handler in [one for one in root.handlers if isinstance(one, error_log.FaultHandler)]:
            root.removeHandler(handler)  # as django.setup() of Celery's fixup does
        worker.worker_ready.send(sender=None)
        kept.extend(one for one in root.handlers if isinstance(one, error_log.FaultHandler))

    monkeypatch.setattr(worker.current_app, "worker_main", started)
    monkeypatch.setattr(worker.os, "nice", lambda by: by)
    for name in ("warm_up", "leave", "broker_folders"):
        monkeypatch.setattr(worker, name, lambda *_: None)
    monkeypatch.setattr(worker, "Pulse", lambda: SimpleNamespace(start=idle, stop=idle))
    worker.Command().handle(supervised=False)
    assert len(kept) == 1


def test_the_log_outlives_the_user_and_can_be_filtered(client):
    gone = User.objects.create_user("gone")
    audit_record(user=gone, action="run.launch", object="first words")
    audit_record(user=None, action="checkpoint.promote", object="second")
    gone.delete()
    body = client.get(reverse("admin:audit")).content.decode()
    assert "gone" in body
    assert "command line" in body

    def rows(**chosen):
        return client.get(reverse("admin:audit"), chosen).content.decode().count("<tr>") - 1

    assert (rows(who="gone"), rows(what="checkpoint.promote"), rows(object="WORDS")) == (1, 1, 1)
    assert rows(who="gone", object="second") == -1
    assert client.post(reverse("admin:audit")).status_code == 405


@pytest.fixture
def kept(transactional_db):
    """Errors are kept while the test runs; `kept()` ends that and gives what there is."""
    error_log.start()

    def end():
        error_log.stop()
        return list(FaultEntry.objects.order_by("id"))

    yield end
    error_log.stop()


def test_a_fault_is_kept_without_anybodys_text(kept):
    log = logging.getLogger("memory_app.test")
    key = str(uuid4())
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("reply failed", extra={"turn": key, "reason": SECRET})
    log.error("no model for %s", SECRET)
    log.warning("a warning is no error")
    first, second = kept()
    assert first.source == "memory_app.test"
    assert "reply failed" in first.message
    assert f"turn {key}" in first.message
    assert "ValueError at test_privacy.py:" in first.message
    assert second.message == "no model for %s"
    assert "4711" not in first.message + second.message


def test_faults_are_few(kept, monkeypatch):
    log = logging.getLogger("memory_app.test")
    for _ in range(50):
        log.error("the same again")
    assert len(kept()) == 1
    monkeypatch.setattr(error_log, "KEPT", 5)
    for number in range(12):
        error_log.fault_record(source="x", message=str(number))
    left = list(FaultEntry.objects.order_by("id").values_list("message", flat=True))
    assert left == ["7", "8", "9", "10", "11"]


def test_a_failed_request_is_told_by_its_route_and_a_probe_s_503_is_none(kept):
    log = logging.getLogger("django.request")
    for status, route in ((500, "chat/<uuid:chat>/"), (503, "readyz")):
        request = SimpleNamespace(resolver_match=SimpleNamespace(route=route))
        log.error("%s: %s", "Fault", SECRET, extra={"status_code": status, "request": request})
    (entry,) = kept()
    assert entry.message == "500 at /chat/<uuid:chat>/"
