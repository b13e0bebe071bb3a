"""Around Django: static files, headers, logs, the lifespan."""

import asyncio
import json
import logging
import re
import sys

import brotli
import pytest
from asgiref.testing import ApplicationCommunicator

from chatsite.json_log import JsonFormatter
from memory_app import generation, runtime
from tests.conftest import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


async def request(
    path: str, method: str = "GET", host: str = "localhost:8000", **headers: str
) -> tuple[int, dict, bytes]:
    from chatsite.asgi import application

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", host.encode())]
        + [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http",
    }
    call = ApplicationCommunicator(application, scope)
    await call.send_input({"type": "http.request", "body": b""})
    start = await call.receive_output(PATIENCE)
    body, more = b"", True
    while more:
        part = await call.receive_output(PATIENCE)
        body += part.get("body", b"")
        more = part.get("more_body", False)
    await call.wait(PATIENCE)
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], found, body


async def test_static_files_come_from_the_index():
    status, headers, body = await request("/static/django_htmx/htmx-2.min.js")
    assert status == 200
    assert headers["content-type"].startswith("text/javascript")
    assert headers["x-content-type-options"] == "nosniff"
    assert len(body) > 10_000
    again = await request(
        "/static/django_htmx/htmx-2.min.js", if_modified_since=headers["last-modified"]
    )
    assert (again[0], again[2]) == (304, b"")
    head = await request("/static/django_htmx/htmx-2.min.js", method="HEAD")
    assert (head[0], head[2]) == (200, b"")
    part = await request("/static/django_htmx/htmx-2.min.js", range="bytes=0-9")
    assert (part[0], part[2]) == (206, body[:10])


async def test_text_is_compressed_for_whoever_takes_it():
    path = "/static/django_htmx/htmx-2.min.js"
    _, plain, body = await request(path)
    assert "content-encoding" not in plain
    for _ in range(2):
        status, headers, small = await request(path, accept_encoding="gzip, deflate, br")
        assert (status, headers["content-encoding"]) == (200, "br")
        assert headers["vary"] == plain["vary"] == "Accept-Encoding"
        assert int(headers["content-length"]) == len(small) < len(body) / 2
        assert brotli.decompress(small) == body
    part = await request(path, range="bytes=0-9", accept_encoding="br")
    assert (part[0], part[2]) == (206, body[:10])
    picture = await request("/static/img/preview.png", accept_encoding="br")
    assert "content-encoding" not in picture[1]


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static/nothing.js", "/static/../manage.py", "/static//etc/passwd",
        "/static/%2e%2e/manage.py", "/static/css/", "/manage.py", "/static/\0",
    ],
)  # fmt: skip
async def test_what_is_no_static_file_is_not_found(path):
    assert (await request(path))[0] == 404


async def test_every_page_has_a_strict_policy(checkpoint):
    for path in ("/", "/accounts/login/", "/admin/login/", "/nowhere/", "/healthz"):
        _, headers, body = await request(path)
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert not re.search(rb"\son[a-z]+=|\sstyle=|<style", body), path


async def test_another_host_is_refused():
    assert (await request("/", host="evil.example"))[0] == 400


async def test_the_lifespan_stops_the_engine_and_interrupts_its_replies(
    open_socket, alice, chat, tap
):
    from uuid import uuid4

    from chatsite.asgi import application
    from memory_app.models import Turn

    life = ApplicationCommunicator(application, {"type": "lifespan"})
    await life.send_input({"type": "lifespan.startup"})
    assert await life.receive_output(PATIENCE) == {"type": "lifespan.startup.complete"}
    tap(2)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"min_tokens": 9})
    for _ in range(3):
        await socket.next()
    await life.send_input({"type": "lifespan.shutdown"})
    assert await life.receive_output(PATIENCE) == {"type": "lifespan.shutdown.complete"}
    assert (await Turn.objects.aget()).status == "interrupted"
    assert (await socket.until("turn.finished"))[-1]["status"] == "interrupted"
    assert runtime._engine is None
    # And it may begin again.
    second = ApplicationCommunicator(application, {"type": "lifespan"})
    await second.send_input({"type": "lifespan.startup"})
    assert await second.receive_output(PATIENCE) == {"type": "lifespan.startup.complete"}
    assert (await socket.say())[-1]["status"] == "length"
    await second.send_input({"type": "lifespan.shutdown"})
    await second.receive_output(PATIENCE)


async def test_a_heartbeat_outlives_a_database_that_is_away_for_a_while(monkeypatch, caplog):
    beats = asyncio.Event()

    def away():
        loop.call_soon_threadsafe(beats.set)
        raise OSError("no database")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(generation.services, "turns_recover", away)
    monkeypatch.setattr(generation, "PULSE", 0.01)
    monkeypatch.setattr(generation, "RECOVER_EVERY", 1)
    generation.start()
    for _ in range(2):
        await asyncio.wait_for(beats.wait(), PATIENCE)
        beats.clear()
    await generation.stop()
    assert "heartbeat failed" in caplog.text


def test_a_log_line_is_one_json_object_whatever_it_holds():
    record = logging.LogRecord(
        "a", logging.INFO, __file__, 1, "forged\n{\x1b[31m} %s", ("\r\nline",), None
    )
    record.turn, record.request = "7b\n", object()
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "\x1b" not in line
    entry = json.loads(line)
    assert entry["event"] == "forged\n{\x1b[31m} \r\nline"
    assert entry["turn"] == "7b\n"
    assert "request" not in entry
    try:
        raise ValueError("x")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert "ValueError" in json.loads(JsonFormatter().format(record))["traceback"]


async def test_logs_name_ids_and_never_words(open_socket, alice, chat, caplog, monkeypatch):
    from memory_app import services

    def broken(**facts):
        raise RuntimeError("boom")

    caplog.set_level(logging.DEBUG, "memory_app")
    monkeypatch.setattr(services, "turn_commit", broken)
    socket = await open_socket(alice, chat)
    frames = await socket.say("the-secret-word")
    assert frames[-1]["status"] == "failed"
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert any(frames[0]["turn"] in line for line in lines)
    assert "the-secret-word" not in "".join(lines)
