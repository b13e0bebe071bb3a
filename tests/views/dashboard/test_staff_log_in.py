"""When a member of staff comes, goes and changes their password, it is on record."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from memory_app.models import AuditEntry
from memory_app.services.operations import audit

LOGIN, OLD, NEW = "/admin/login/", "dora-pass-word", "another-pass-phrase-7"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dora() -> User:
    return User.objects.create_superuser("dora", password=OLD)


def since() -> datetime:
    return timezone.now() - timedelta(hours=1)


def deeds() -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.order_by("id")
    return list(rows.values_list("username", "action", "object"))


@pytest.mark.parametrize("page", [LOGIN, "/accounts/login/"])
def test_a_log_in_and_a_log_out_are_entries_whichever_page_is_used(dora: User, page: str) -> None:
    client = Client()
    assert client.post(page, {"username": "dora", "password": OLD}).status_code == 302
    client.post("/admin/logout/" if page == LOGIN else "/accounts/logout/")
    assert deeds() == [("dora", "staff.log_in", "dora"), ("dora", "staff.log_out", "dora")]


@pytest.mark.parametrize("page", [LOGIN, "/accounts/login/"])
def test_a_wrong_password_is_an_entry_with_the_name_and_without_the_password(
    dora: User, page: str
) -> None:
    for _ in range(3):
        answer = Client().post(page, {"username": "dora", "password": "a guess of mine"})
        assert answer.status_code in {200, 400}
    assert deeds() == [("dora", "staff.log_in_failed", "")]
    assert AuditEntry.objects.get().detail == {"times": 3}
    assert "guess" not in str(AuditEntry.objects.values())


def test_who_is_not_on_the_staff_and_knocks_there_is_an_entry(dora: User) -> None:
    User.objects.create_user("alice", password=OLD)
    Client().post(LOGIN, {"username": "alice", "password": OLD})
    Client().post(LOGIN, {"username": "stranger", "password": OLD})
    # A guest who mistypes at the site's own page is no matter of the staff.
    Client().post("/accounts/login/", {"username": "alice", "password": "x"})
    assert deeds() == [(who, "staff.log_in_failed", "") for who in ("alice", "stranger")]


def test_a_flood_of_names_does_not_fill_the_log(
    dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "FAILURES_KEPT", 40)
    audit.audit_record(user=dora, action="corpus.upload")
    for hour in range(3):
        for n in range(50):
            audit.audit_failed_login(name=f"name {n}")
        failures = AuditEntry.objects.filter(action="staff.log_in_failed")
        assert failures.count() <= min(31 * (hour + 1), 40)
        assert failures.get(username=audit.OTHER_NAMES, at__gte=since()).detail == {"times": 20}
        AuditEntry.objects.update(at=F("at") - timedelta(hours=2))
    assert AuditEntry.objects.filter(action="corpus.upload").count() == 1


def test_people_who_are_not_on_the_staff_are_nobodys_business() -> None:
    User.objects.create_user("alice", password=OLD)
    client = Client()
    client.post("/accounts/login/", {"username": "alice", "password": OLD})
    client.post("/accounts/logout/")
    assert deeds() == []


def test_a_changed_password_is_an_entry_without_the_password(dora: User) -> None:
    client = Client()
    client.force_login(dora)
    AuditEntry.objects.all().delete()
    form = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}
    url = reverse("admin:password_change")
    # What is refused changes nothing and is no deed.
    assert client.post(url, {**form, "old_password": "x"}).status_code == 200
    assert client.post(url, {**form, "new_password2": "x"}).status_code == 200
    assert client.get(url).status_code == 200
    assert deeds() == []
    assert client.post(url, form).status_code == 302
    assert deeds() == [("dora", "staff.password", "dora")]
    dora.refresh_from_db()
    assert dora.check_password(NEW)
    assert NEW not in str(AuditEntry.objects.values())
    # Whose session goes on, and who reads of it in words.
    page = client.get(reverse("admin:audit")).content.decode()
    assert "changed their password" in page


def test_a_password_that_another_sets_is_an_entry_of_who_set_it(dora: User) -> None:
    alice = User.objects.create_user("alice", password=OLD)
    client = Client()
    client.force_login(dora)
    AuditEntry.objects.all().delete()
    url = reverse("admin:auth_user_password_change", args=[alice.pk])
    form = {"usable_password": "true", "password1": NEW, "password2": NEW}
    assert client.post(url, form).status_code == 302
    ((who, what, whom),) = deeds()
    assert (who, what) == ("dora", "user.change")
    assert "alice" in whom
    assert NEW not in str(AuditEntry.objects.values())
