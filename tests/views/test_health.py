"""/healthz says that the process lives, /readyz that every part of it does."""

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.utils import timezone

from memory_app import outages, registry, runtime
from memory_app.models import Checkpoint, WorkerHeartbeat
from memory_app.views import health

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def all_well(checkpoint):
    WorkerHeartbeat.objects.create(name="w", seen=timezone.now())


def declared_version() -> str:
    project = (Path(settings.BASE_DIR) / "pyproject.toml").read_text("utf-8")
    return tomllib.loads(project)["project"]["version"]


def readyz():
    response = Client().get("/readyz")
    return response.status_code, response.json()


def test_the_process_is_alive_whatever_else_is():
    told = Client().get("/healthz").json()
    assert told == {"ok": True, "parts": {"process": {"ok": True, "detail": "alive"}}}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "10.1.2.3", "[::1]:8000", "x y"])
def test_a_probe_that_comes_by_address_is_answered(all_well, settings, host):
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    settings.SITE_ORIGINS = ["https://chat.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/healthz", "/readyz"):
        assert Client().get(path, headers={"host": host}).status_code == 200
    # Every other page is the site's alone.
    assert Client().get("/", headers={"host": host}, secure=True).status_code == 400


def test_all_is_well(all_well):
    status, answer = readyz()
    assert (status, answer["ok"], answer["version"]) == (200, True, declared_version())
    assert set(answer["parts"]) == {"database", "disk", "checkpoint", "engine", "worker"}
    assert all(set(part) == {"ok", "detail"} and part["ok"] for part in answer["parts"].values())


def _no_worker(monkeypatch):
    WorkerHeartbeat.objects.all().delete()


def _full_disk(monkeypatch):
    monkeypatch.setattr(outages, "LEAST", 1 << 70)


def _silent_worker(monkeypatch):
    WorkerHeartbeat.objects.update(seen=timezone.now() - timedelta(minutes=5))


def _worker_from_before_the_clock_was_put_back(monkeypatch):
    WorkerHeartbeat.objects.update(seen=timezone.now() + timedelta(hours=1))


def _no_live_checkpoint(monkeypatch):
    Checkpoint.objects.update(live=False)


def _broken_engine(monkeypatch):
    def stats():
        raise RuntimeError

    monkeypatch.setattr(runtime.get_engine(), "stats", stats)


def _no_database(monkeypatch):
    def cursor():
        raise OperationalError

    monkeypatch.setattr(health.connection, "cursor", cursor)


def _closed_connection(monkeypatch):
    def cursor():
        raise InterfaceError

    monkeypatch.setattr(health.connection, "cursor", cursor)


@pytest.mark.parametrize(
    ("part", "breaks"),
    [
        ("disk", _full_disk),
        ("worker", _no_worker),
        ("worker", _silent_worker),
        ("worker", _worker_from_before_the_clock_was_put_back),
        ("checkpoint", _no_live_checkpoint),
        ("engine", _broken_engine),
        ("database", _no_database),
        ("database", _closed_connection),
    ],
)
def test_a_part_that_does_not_answer_is_named(all_well, monkeypatch, part, breaks):
    breaks(monkeypatch)
    status, answer = readyz()
    assert (status, answer["ok"]) == (503, False)
    assert answer["parts"][part]["ok"] is False
    assert answer["parts"][part]["detail"]


def test_a_checkpoint_whose_files_are_gone_is_named(all_well, checkpoint):
    runtime.stop()
    folder = registry.folder_of(checkpoint.sha256)
    away = folder.rename(folder.with_suffix(".away"))
    try:
        status, answer = readyz()
    finally:
        away.rename(folder)
    assert status == 503
    assert answer["parts"]["checkpoint"]["ok"] is False
    assert readyz()[0] == 200
