"""What a commit promises: it outlasts a power cut, and all of a turn is there or nothing."""

import os
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, connections

from chatsite import env
from memory_app import registry, services
from memory_app.models import COMMITTED, Chat, Turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_the_site_connects(db, monkeypatch):
    """The tests' own connections don't wait for the disk (tests/settings.py)."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own settings")
    site = env.database("NO_DATABASE_URL", Path("any"))["OPTIONS"]["init_command"]
    options = connections.settings["default"]["OPTIONS"]
    assert options["init_command"].startswith(site)
    with monkeypatch.context() as patch:
        patch.setitem(options, "init_command", site)
        connection.close()
        yield
    connection.close()


def test_sqlite_waits_for_the_disk_overwrites_what_is_deleted_and_holds_its_links(
    as_the_site_connects,
):
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}

    def asked() -> dict[str, object]:
        with connection.cursor() as cursor:
            return {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}

    assert asked() == wanted
    # Of a connection's settings only the journal is the file's: each thread's has its own.
    found: list[dict[str, object]] = []

    def elsewhere() -> None:
        found.append(asked())
        connections.close_all()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [wanted]


def test_a_registered_checkpoint_is_synced_file_by_file_and_folder(
    checkpoint_folder, settings, tmp_path, monkeypatch, transactional_db
):
    settings.DATA_DIR = tmp_path
    seen: list[tuple[int, int]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        about = os.fstat(descriptor)
        seen.append((about.st_ino, about.st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    row = registry.register(checkpoint_folder)
    folder = registry.folder_of(row.sha256)
    files = [(file.stat().st_ino, file.stat().st_size) for file in folder.iterdir()]
    assert len(files) == 3
    assert set(files) <= set(seen)
    assert {folder.stat().st_ino, folder.parent.stat().st_ino} <= {inode for inode, _ in seen}


def _seen_from_outside(turn: Turn) -> tuple[Turn, Chat]:
    """The rows as another connection has them at this moment."""
    rows: list[tuple[Turn, Chat]] = []

    def look() -> None:
        rows.append((Turn.objects.get(pk=turn.pk), Chat.objects.get(pk=turn.chat_id)))
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return rows[0]


def test_nobody_ever_sees_half_of_a_turn(chat):
    """Looked at from outside around every statement of a commit, and after it."""
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text="Hello")
    seen: list[bool] = []

    def whole() -> None:
        turn, row = _seen_from_outside(begun.turn)
        parts = {
            turn.status in COMMITTED, turn.state is not None, turn.state_sha256 is not None,
            bool(turn.reply_token_ids), bool(turn.machine), turn.finished is not None,
            row.head_id == turn.pk, row.running_id is None,
        }  # fmt: skip
        assert len(parts) == 1, "a part of the turn is there without the others"
        seen.append(parts.pop())

    def watched(execute, sql, params, many, context):
        if threading.current_thread() is not threading.main_thread():
            return execute(sql, params, many, context)
        whole()
        result = execute(sql, params, many, context)
        whole()
        return result

    with connection.execute_wrapper(watched):
        services.turn_commit(
            turn=begun.turn, model=begun.model, before=begun.before, reply_ids=[5],
            reply_text="x", status="complete",
        )  # fmt: skip
    whole()
    assert seen.count(False) >= 4
    assert seen[-1] is True
