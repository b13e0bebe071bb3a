"""One-time passwords of staff: set up, asked for, lost, required."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from memory_app.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/second-factor/"


@pytest.fixture
def dora() -> User:
    return User.objects.create_superuser("dora", password="dora-pass-word")


def logged_in(user: User) -> Client:
    client = Client()
    form = {"username": user.username, "password": "dora-pass-word"}
    assert client.post("/admin/login/", form).status_code == 302
    return client


def code(user: User, steps: int = 0) -> str:
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(device.bin_key, t0=-30 * steps):06d}"


def set_up(client: Client, user: User) -> list[str]:
    client.get(PAGE)
    page = client.post(PAGE, {"code": code(user)}).content.decode()
    codes = re.findall(r"<li><code>([0-9a-f]+)</code>", page)
    assert len(codes) == 8
    return codes


def test_it_is_off_in_the_embedded_profile(dora):
    assert logged_in(dora).get("/admin/").status_code == 200


def test_who_has_set_it_up_gets_nowhere_without_a_code(settings, dora):
    settings.STAFF_TOTP = "offered"
    first = logged_in(dora)
    assert first.get("/admin/").status_code == 200
    codes = set_up(first, dora)
    assert first.get("/admin/").status_code == 200  # this session has given a code
    other = logged_in(dora)
    for path in ("/admin/", "/admin/auth/user/", "/admin/password_change/", "/admin/limits/"):
        answer = other.get(path)
        assert answer.status_code == 302, path
        assert answer["Location"].startswith(PAGE)
    assert other.get("/admin/live/", HTTP_HX_REQUEST="true").status_code == 401
    assert other.post("/admin/limits/").status_code == 302
    # It can't be removed by who hasn't given it.
    other.post(PAGE, {"remove": "1"})
    assert TOTPDevice.objects.filter(user=dora, confirmed=True).exists()
    answer = other.post(PAGE, {"code": codes[0], "next": "/admin/runs/"})
    assert answer["Location"] == "/admin/runs/"
    assert other.get("/admin/").status_code == 200
    # A backup code is good once.
    assert logged_in(dora).post(PAGE, {"code": codes[0]}).status_code == 400
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert "staff.second_factor" in actions
    assert not AuditEntry.objects.filter(detail__icontains=codes[0]).exists()


def test_a_code_of_the_app_is_good_once_and_wrong_ones_are_throttled(settings, dora):
    settings.STAFF_TOTP = "offered"
    set_up(logged_in(dora), dora)
    other = logged_in(dora)
    assert other.post(PAGE, {"code": code(dora)}).status_code == 400  # used to set it up
    assert other.post(PAGE, {"code": "000000"}).status_code == 400
    # Right, and too soon after two wrong ones.
    assert other.post(PAGE, {"code": code(dora, 1)}).status_code == 400
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert other.post(PAGE, {"code": code(dora, 1)}).status_code == 302


def test_required_leaves_only_the_way_to_set_it_up(settings, dora):
    settings.STAFF_TOTP = "required"
    client = logged_in(dora)
    answer = client.get("/admin/runs/?page=2")
    assert answer["Location"] == f"{PAGE}?next=%2Fadmin%2Fruns%2F%3Fpage%3D2"
    page = client.get(PAGE).content.decode()
    assert "otpauth://totp/Gatescope" in page
    assert client.post(PAGE, {"code": "123456"}).status_code == 400
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    set_up(client, dora)
    assert client.get("/admin/runs/").status_code == 200
    client.post(PAGE, {"remove": "1"})
    assert client.get("/admin/runs/").status_code == 302


def test_it_leads_back_to_the_dashboard_alone(settings, dora):
    settings.STAFF_TOTP = "offered"
    codes = set_up(logged_in(dora), dora)
    client = logged_in(dora)
    for wanted in ("https://evil.example/", "//evil.example", "/chats/"):
        page = client.get(f"{PAGE}?next={wanted}").content.decode()
        assert 'name="next" value="/admin/"' in page
    answer = client.post(PAGE, {"code": codes[1], "next": "https://evil.example/admin/"})
    assert answer["Location"] == "/admin/"


def test_no_page_of_the_dashboard_shows_the_keys(dora):
    client = logged_in(dora)
    assert client.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert client.get("/admin/otp_static/staticdevice/").status_code == 404
    assert client.get("/admin/axes/accessattempt/").status_code == 404
