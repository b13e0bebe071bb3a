"""Addresses for machines: metrics, policy reports, security.txt; headers and the log's lines."""

import json
import logging

import pytest
from django.test import Client

from chatsite.json_log import JsonFormatter
from memory_app.request_id import request_id
from memory_app.views import operations

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "t" * 40


def test_metrics_need_the_token(settings, alice, chat):
    assert Client().get("/metrics").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    for sent in ({}, {"HTTP_AUTHORIZATION": "Bearer x"}, {"HTTP_AUTHORIZATION": f"Basic {TOKEN}"}):
        assert Client().get("/metrics", **sent).status_code == 404
    answer = Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    page = answer.content.decode()
    for name in ("sockets", "engine_waiting", "first_token_seconds_bucket", "disk_free_bytes"):
        assert f"gatescope_{name}" in page
    assert str(chat.pk) not in page
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", HTTP_AUTHORIZATION="Bearer ").status_code == 404


def test_a_refusal_and_a_reply_are_counted(settings, alice, chat):
    from memory_app import limits
    from memory_app.core.rates import Rate

    settings.METRICS_TOKEN = TOKEN
    settings.LIMITS = {kind: {} for kind in limits.KINDS} | {"chats": {"member": Rate(1, 3600)}}
    limits.forget()
    try:
        for _ in range(3):
            alice.client.post("/chat/")
    finally:
        settings.LIMITS = {kind: {} for kind in limits.KINDS}
        limits.forget()
    page = Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").content.decode()
    assert 'gatescope_limits_hit_total{kind="chats",scope="member"}' in page


def test_a_report_of_a_browser_is_one_line_without_paths(caplog, monkeypatch):
    monkeypatch.setattr(operations, "_last_report", float("-inf"))
    report = {
        "csp-report": {
            "effective-directive": "script-src\nforged",
            "blocked-uri": "https://evil.example/secret?q=1",
            "document-uri": "https://a.example/chat/4f/",
        }
    }
    strict = Client(enforce_csrf_checks=True)
    for _ in range(5):
        answer = strict.post("/csp-report/", json.dumps(report), "application/csp-report")
        assert answer.status_code == 204
    [line] = [r for r in caplog.records if r.message == "content policy broken"]
    assert line.directive == "script-srcforged"
    assert line.blocked == "https://evil.example"
    for body in (b"", b"\xff", b"[]", b"[" * 100_000, b'{"csp-report": 5}', b'{"csp-report": [1]}'):
        assert strict.post("/csp-report/", body, "application/csp-report").status_code == 204


def test_security_txt_names_a_contact_or_is_not_there(settings):
    assert Client().get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = "mailto:host@example.org"
    text = Client().get("/.well-known/security.txt").content.decode()
    assert text.startswith("Contact: mailto:host@example.org\nExpires: 20")
    assert "Canonical: http://localhost:8000/.well-known/security.txt" in text


def test_terms_and_privacy_follow_the_settings(settings):
    settings.GUEST_DAYS = 7
    assert "removed 7 days after" in Client().get("/about/privacy/").content.decode()
    settings.GUEST_DAYS = 0
    assert "until you delete them" in Client().get("/about/privacy/").content.decode()
    settings.SECURITY_CONTACT = "mailto:host@example.org"
    assert 'href="mailto:host@example.org"' in Client().get("/about/terms/").content.decode()
    assert "/about/terms/" not in Client().get("/").content.decode()
    settings.DEMO = True
    assert "/about/terms/" in Client().get("/").content.decode()


def test_every_answer_keeps_other_windows_out_and_names_its_request(alice):
    names = set()
    for path in ("/", "/chats/", "/nope/", "/healthz", "/admin/login/"):
        answer = alice.client.get(path, HTTP_X_REQUEST_ID="forged")
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"
        names.add(answer["X-Request-ID"])
    assert len(names) == 5
    assert "forged" not in names


def test_a_line_of_the_log_names_its_request_and_holds_no_control_character():
    record = logging.makeLogRecord({"msg": "a\nb\x00\x1b[31m\x7f\x9b\u2028", "levelname": "INFO"})
    token = request_id.set("0123456789abcdef")
    try:
        line = JsonFormatter().format(record)
    finally:
        request_id.reset(token)
    assert json.loads(line)["request"] == "0123456789abcdef"
    assert all(0x20 <= ord(char) < 0x7F for char in line)
    assert "request" not in json.loads(JsonFormatter().format(record))


async def test_a_message_of_the_socket_has_an_id(open_socket, alice, chat, caplog):
    seen = []
    logger = logging.getLogger("memory_app.reply")

    class Keep(logging.Handler):
        def emit(self, record):
            seen.append(json.loads(JsonFormatter().format(record)))

    handler = Keep()
    logger.addHandler(handler)
    try:
        socket = await open_socket(alice, chat)
        await socket.say("My secret is 4711")
    finally:
        logger.removeHandler(handler)
    assert "4711" not in caplog.text
    assert all("request" in line for line in seen)
