"""What was purged or erased is in no byte of DATA_DIR, and all of it can be had before that."""

import json
import random
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from memory_app import services
from memory_app.models import AuditEntry, Chat, FaultEntry, Person, Turn
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.erase_deleted import log_empty, remains_clear

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
sqlite_only = pytest.mark.skipif("postgresql" in str(settings.DATABASES), reason="SQLite's files")
WORD = "Quetzalcoatlus"


def found(*wanted: str | bytes) -> dict[str, int]:
    """How often each of some texts or bytes stands in any file of DATA_DIR, in any case."""
    needles = [one.lower().encode() if isinstance(one, str) else one for one in wanted]
    counts = dict.fromkeys(map(str, wanted), 0)
    for file in Path(settings.DATA_DIR).rglob("*"):
        if file.is_file() and "checkpoints" not in file.parts:
            data = file.read_bytes()
            for name, needle in zip(counts, needles, strict=True):
                counts[name] += (data.lower() if needle.islower() else data).count(needle)
    return counts


def fill(owners: list[Person], checkpoint, count: int = 240) -> None:
    """Chats of several persons, their rows mixed and of many sizes: so that pages split."""
    draw = random.Random(3)
    chats = [
        Chat.objects.create(owner=owner, checkpoint=checkpoint, title=f"About {mark(owner)}")
        for owner in owners
        for _ in range(3)
    ]
    for number in range(count):
        chat = draw.choice(chats)
        text = (mark(chat.owner) + "-" * draw.randrange(9)) * draw.choice([1, 2, 8, 60, 170])
        turn = Turn.objects.create(
            chat=chat, client_turn_id=uuid4(), user_text=text[:4000], seed=number
        )
        Turn.objects.filter(pk=turn.pk).update(
            reply_text=text[: draw.choice([20, 900, 3000])],
            status="complete",
            state=STATES[chat.owner_id] * draw.choice([1, 30, 200]),
        )


STATES: dict[object, bytes] = {}


def mark(person: Person) -> str:
    STATES.setdefault(person.pk, bytes(random.Random(str(person.pk)).randbytes(40)))
    return f"{WORD}{str(person.pk)[:8]}"


@pytest.fixture
def guest(checkpoint) -> Person:
    client = Client()
    client.get("/")
    return Person.objects.get(pk=client.session["person"])


def erase(named: object) -> dict[str, int]:
    out = StringIO()
    call_command("erase_user", str(named), "--json", stdout=out)
    return json.loads(out.getvalue())["erased"]


def test_an_erased_user_is_in_no_byte_of_any_file(alice, bob, checkpoint):
    fill([alice.person, bob.person], checkpoint)
    user, chat = alice.person.user, Chat.objects.filter(owner=alice.person).first()
    audit_record(user=user, action="staff.log_in", object="alice")
    audit_record(user=bob.person.user, action="shared_chat.read", object=str(chat.pk))
    FaultEntry.objects.create(source="x", message=f"reply failed · chat {chat.pk}")
    wanted = (mark(alice.person), STATES[alice.person.pk], str(alice.person.pk), alice.cookie)
    if connection.vendor == "sqlite":
        assert min(found(*wanted[:2]).values()) > 10
    counts = erase("alice")
    assert counts["chats"] == 3
    assert counts["turns"] > 50
    assert counts["sessions"] == 1
    if connection.vendor == "sqlite":
        ids = (str(chat.pk), chat.pk.hex, alice.person.pk.hex, user.password)
        assert found(*wanted, *ids) == dict.fromkeys(map(str, (*wanted, *ids)), 0)
    # Somebody else's things are where they were; what staff did has no name any more.
    assert Chat.objects.filter(owner=bob.person).count() == 3
    assert not AuditEntry.objects.filter(username="alice").exists()
    assert not AuditEntry.objects.filter(object__in=["alice", str(chat.pk)]).exists()
    assert AuditEntry.objects.filter(action="staff.log_in", username="erased user").exists()
    assert alice.client.get(f"/chat/{chat.pk}/").status_code == 404
    assert bob.client.get("/chats/").status_code == 200


def test_a_guest_is_erased_by_id(guest, bob, checkpoint):
    fill([guest, bob.person], checkpoint, 40)
    assert erase(guest.pk)["chats"] == 3
    if connection.vendor == "sqlite":
        assert found(mark(guest), str(guest.pk), guest.pk.hex) == dict.fromkeys(
            (mark(guest), str(guest.pk), guest.pk.hex), 0
        )


@pytest.mark.parametrize(
    "named", ["nobody", "face3163-1144-4387-ae3b-6b19344a619f", "", "x" * 5000]
)
def test_an_unknown_user_is_one_line(named, checkpoint, tmp_path):
    for command in (["erase_user", named], ["export_user", named, str(tmp_path / "a.zip")]):
        with pytest.raises(CommandError, match="There is no user"):
            call_command(*command)
    assert not list(tmp_path.iterdir())


@sqlite_only
def test_a_purged_chat_is_in_no_byte_of_any_file(alice, bob, checkpoint):
    fill([alice.person, bob.person], checkpoint)
    Chat.objects.filter(owner=alice.person).update(deleted=timezone.now() - timedelta(days=2))
    assert services.chats_purge() == 3
    assert found(mark(alice.person), STATES[alice.person.pk]) == {
        mark(alice.person): 0,
        str(STATES[alice.person.pk]): 0,
    }


@sqlite_only
def test_a_deleted_row_is_overwritten_where_it_lay(alice, chat):
    """`secure_delete`, by what it does: without it the free pages keep the text."""
    text = mark(alice.person) * 800
    Turn.objects.create(chat=chat, client_turn_id=uuid4(), user_text=text, seed=1)
    assert log_empty()
    assert found(mark(alice.person))[mark(alice.person)] > 700  # some lie across pages
    chat.delete()  # and with it the turn, and what searches look through
    assert log_empty()
    assert found(mark(alice.person)) == {mark(alice.person): 0}


@sqlite_only
def test_a_copy_that_a_page_kept_of_a_moved_row_goes_too(transactional_db):
    """`secure_delete` and the empty log alone leave some: SQLite moves rows when a page is full."""
    draw, ids = random.Random(1), []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE moved (id TEXT PRIMARY KEY, owner INT, a TEXT, b TEXT)")
        cursor.execute("CREATE INDEX of_owner ON moved (owner, a)")
        try:
            with transaction.atomic():
                for _ in range(3000):
                    key, owner = draw.randbytes(16).hex(), draw.randrange(20)
                    word = f"{WORD}{owner:02d}x"
                    texts = word * draw.randrange(1, 8), word * draw.choice([1, 3, 20, 200])
                    cursor.execute(
                        "INSERT INTO moved VALUES (%s, %s, %s, %s)", [key, owner, *texts]
                    )
                    ids.append(key)
                    if draw.random() < 0.1:
                        gone = ids.pop(draw.randrange(len(ids)))
                        cursor.execute("DELETE FROM moved WHERE id = %s", [gone])
            cursor.execute("DELETE FROM moved WHERE owner < 10")
            wanted = [f"{WORD}{owner:02d}x" for owner in range(10)]
            assert log_empty()
            assert sum(found(*wanted).values()) > 0  # so that the next line means something
            remains_clear()
            assert sum(found(*wanted).values()) == 0
        finally:
            cursor.execute("DROP TABLE moved")


@pytest.fixture
def reading(alice, chat) -> Iterator[threading.Event]:
    """Somebody who reads from another connection, until the event is set."""
    began, ended = threading.Event(), threading.Event()

    def read() -> None:
        try:
            with connections["default"].cursor() as cursor, closing(cursor):
                cursor.execute("BEGIN DEFERRED")
                cursor.execute("SELECT count(*) FROM memory_app_chat")
                cursor.fetchall()
                began.set()
                ended.wait(20)
                cursor.execute("COMMIT")
        finally:
            connections["default"].close()

    reader = threading.Thread(target=read)
    reader.start()
    assert began.wait(10)
    yield ended
    ended.set()
    reader.join()


@sqlite_only
def test_a_reader_holds_the_log_and_is_waited_for(reading, chat):
    services.chat_rename(chat=chat, title=WORD)
    assert not log_empty(within=0.3)
    threading.Timer(0.5, reading.set).start()
    began = time.monotonic()
    assert log_empty(within=10)
    assert 0.3 < time.monotonic() - began < 8
    log = Path(str(connection.settings_dict["NAME"]) + "-wal")
    assert log.stat().st_size == 0


def test_all_of_a_persons_data_comes_as_a_zip(alice, bob, checkpoint, chat, tmp_path):
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text="My secret")
    services.turn_commit(
        turn=begun.turn,
        model=begun.model,
        before=begun.before,
        reply_ids=begun.turn.user_token_ids,
        reply_text="My secret",
        status="complete",
    )
    gone = Chat.objects.create(owner=alice.person, checkpoint=checkpoint, title="Deleted")
    services.chat_delete(chat=gone)
    Chat.objects.create(owner=bob.person, checkpoint=checkpoint, title="Bob's")
    audit_record(user=bob.person.user, action="shared_chat.read", object=str(chat.pk))
    path, out = tmp_path / "alice.zip", StringIO()
    call_command("export_user", "alice", str(path), "--json", stdout=out)
    assert json.loads(out.getvalue())["chats"] == 2
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert names == {
            "profile.json", "audit.json", f"chats/{chat.pk}.json", f"chats/{gone.pk}.json",
            f"states/{begun.turn.pk}.safetensors",
        }  # fmt: skip
        profile = json.loads(archive.read("profile.json"))
        assert profile["user"]["username"] == "alice"
        assert len(profile["sessions"]) == 1
        assert {one["title"] for one in profile["chats"]} == {"My secret", "Deleted"}
        assert json.loads(archive.read("audit.json"))["about"][0]["username"] == "bob"
        state = archive.read(f"states/{begun.turn.pk}.safetensors")
        written = archive.read(f"chats/{chat.pk}.json")
    # It is the site's own format: what was handed out can be brought back.
    assert services.chat_replay(data=written)
    own = alice.client.get(f"/turn/{begun.turn.pk}/state.safetensors").content
    assert state[-64:] == own[-64:]
    # Nothing is written over.
    before = path.read_bytes()
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_user", "alice", str(path))
    assert path.read_bytes() == before
    with pytest.raises(CommandError, match="No such file"):
        call_command("export_user", "alice", str(tmp_path / "nowhere" / "a.zip"))
    assert [one.name for one in tmp_path.iterdir()] == ["alice.zip"]
