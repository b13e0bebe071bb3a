"""What beat sends and what becomes of it: orphans are found, leftovers go."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from celery.beat import Scheduler
from django.conf import settings as site_settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from memory_app import policy, registry, tasks
from memory_app.models import Chat, Checkpoint, RunStatus, TrainingRun
from memory_app.services.operations import cleanup
from memory_app.services.training.leases import LEASE

HOUR = 3600
SCHEDULE = site_settings.CELERY_BEAT_SCHEDULE


class Beat(Scheduler):
    """Celery's own, but for the sending."""

    def __init__(self, app: Any) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        super().__init__(app=app, lazy=False, schedule={})

    def apply_async(self, entry: Any, *args: Any, **facts: Any) -> None:
        self.sent.append((entry.task, entry.options))


def test_beat_sends_what_the_schedule_names_when_it_is_due() -> None:
    beat = Beat(current_app)
    assert set(beat.schedule) == set(SCHEDULE)
    for entry in beat.schedule.values():
        entry.last_run_at -= timedelta(seconds=6)
    for _ in SCHEDULE:
        beat.tick()
    assert [task for task, _ in beat.sent] == ["memory_app.tasks.recover"]
    beat.sent.clear()
    for entry in beat.schedule.values():
        entry.last_run_at -= timedelta(hours=1)
    beat._heap = None
    for _ in SCHEDULE:
        beat.tick()
    assert {task for task, _ in beat.sent} == {
        "memory_app.tasks.recover",
        "memory_app.tasks.purge",
    }


def test_what_nobody_took_until_the_next_one_is_due_is_dropped() -> None:
    """A site without a worker doesn't heap up messages that all say the same."""
    for entry in SCHEDULE.values():
        assert entry["options"]["expires"] == entry["schedule"].seconds
    assert SCHEDULE["recover"]["schedule"].seconds <= 5
    assert SCHEDULE["purge"]["schedule"].seconds <= HOUR


def test_every_entry_is_a_task_with_a_policy() -> None:
    for entry in SCHEDULE.values():
        assert entry["task"] in current_app.tasks
        assert policy.row_of("task", entry["task"])


def test_the_clock_is_kept_in_no_file() -> None:
    """Celery's default would leave a pickle beside the site."""
    assert site_settings.CELERY_BEAT_SCHEDULER == "celery.beat:Scheduler"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    """What the workers are told."""
    sent: list[tuple[str, list[Any]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: sent.append((name, args)))
    return sent


def run_with(**fields: Any) -> TrainingRun:
    return TrainingRun.objects.create(
        name="lost", preset="tiny", settings={}, total_steps=1, **fields
    )


@pytest.mark.django_db(transaction=True)
def test_the_task_recover_tells_of_a_run_whose_holder_is_silent_and_of_no_other(
    told: list[tuple[str, list[Any]]],
) -> None:
    now = timezone.now()
    run_with(status=RunStatus.RUNNING, process="elsewhere", heartbeat=now)
    run_with(status=RunStatus.FINISHED)
    tasks.recover()
    assert told == []
    old = now - LEASE - timedelta(seconds=1)
    lost = run_with(status=RunStatus.RUNNING, process="elsewhere", heartbeat=old)
    waiting = run_with(status=RunStatus.QUEUED)
    tasks.recover()
    assert told == [
        ("memory_app.tasks.train", [str(lost.pk)]),
        ("memory_app.tasks.train", [str(waiting.pk)]),
    ]


@pytest.fixture
def aged(settings: Any) -> Callable[[str, float], Path]:
    """`aged(path, hours)`: a file or folder below DATA_DIR that is as old as that."""
    root = Path(settings.DATA_DIR)

    def make(where: str, hours: float) -> Path:
        path = root / where
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == "checkpoints":
            path.mkdir()
            (path / "model.safetensors").write_text("half")
        else:
            path.write_text("half")
        then = time.time() - hours * HOUR
        os.utime(path, (then, then))
        return path

    return make


@pytest.fixture
def broker(settings: Any) -> Path:
    """The queue's folders, below this test's own DATA_DIR."""
    folder = Path(settings.DATA_DIR) / "broker"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "processed_folder": str(folder / "processed"),
    }
    return folder


@pytest.mark.django_db(transaction=True)
def test_the_task_purge_takes_what_has_had_its_time_and_nothing_else(
    checkpoint: Checkpoint, chat: Chat, aged: Callable[[str, float], Path], broker: Path
) -> None:
    now = timezone.now()
    for key, age in (("expired", 1), ("alive", -1)):
        expires = now - timedelta(hours=age)
        Session.objects.create(session_key=key, session_data="x", expire_date=expires)
    owner = {"owner": chat.owner, "checkpoint": checkpoint}
    Chat.objects.create(deleted=now - timedelta(hours=25), title="gone", **owner)
    Chat.objects.create(deleted=now - timedelta(hours=1), title="may come back", **owner)
    torn, copying = aged("checkpoints/.abc.old", 2), aged("checkpoints/.abc.new", 0.1)
    gone = [aged(f"broker/{name}", 2) for name in ("messages/.a.part", "processed/0_a.celery.msg")]
    kept = [
        aged(f"broker/{name}", hours)
        for name, hours in (
            ("messages/0_waits.celery.msg", 2),
            ("messages/.b.part", 0.1),
            ("processed/0_b.celery.msg", 0.1),
            ("control/celery.exchange", 100),
        )
    ]
    tasks.purge()
    assert set(Session.objects.values_list("session_key", flat=True)) & {"expired", "alive"} == {
        "alive"
    }
    assert set(Chat.objects.values_list("title", flat=True)) == {chat.title, "may come back"}
    assert not any(path.exists() for path in (torn, *gone))
    assert all(path.exists() for path in (copying, *kept))
    assert registry.folder_of(checkpoint.sha256).is_dir()


@pytest.mark.django_db(transaction=True)
def test_one_that_can_not_be_done_does_not_keep_the_others(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Chat.objects.filter(pk=chat.pk).update(deleted=timezone.now() - timedelta(days=2))

    def broken() -> None:
        raise OSError("no disk")

    from django.contrib.sessions.backends.db import SessionStore

    monkeypatch.setattr(SessionStore, "clear_expired", broken)
    monkeypatch.setattr(cleanup.registry, "sweep", broken)
    tasks.purge()
    assert not Chat.objects.exists()
    assert caplog.text.count("purge failed") == 2


@pytest.mark.parametrize("back", [60, 3600, 86400])
def test_periodic_work_goes_on_after_the_clock_was_put_back(
    back: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat = Beat(current_app)
    entry = beat.schedule["recover"]
    # What Celery asks for the time, moved as the system's clock would be.
    monkeypatch.setattr(current_app, "now", lambda: datetime.now(UTC) - timedelta(seconds=back))
    due = entry.is_due()
    assert due.next <= 5.0
