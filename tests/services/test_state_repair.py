"""verify_sessions --repair: what a replay proves is mended, and nothing else is touched."""

import shutil
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection

from memory_app import registry, runtime, services
from memory_app.core.model.state import State
from memory_app.models import AuditEntry, Chat, Turn
from memory_app.services.chat.verify import turns_verify
from memory_app.services.operations.damaged_rows import head_faults
from memory_app.services.operations.personal_data import data_subject, person_erase
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def turns(chat):
    """Three turns, each the child of the one before."""
    return [spoken_turn(chat, f"This is {text}", f"I see {text}") for text in ("one", "two", "3")]


def nudged(turn: Turn, by: float = 1e-3) -> dict[str, object]:
    state = State.from_bytes(bytes(turn.state), turn.chat.checkpoint.model_config)
    state.layers[0]["c"][0, 0] += by
    return {"state": state.to_bytes(), "state_sha256": state.sha256()}


def flipped(turn: Turn) -> bytes:
    data = bytearray(turn.state)
    data[5] ^= 1
    return bytes(data)


def with_nan(turn: Turn) -> bytes:
    values = np.frombuffer(turn.state, "<f4").copy()
    values[3] = np.nan
    return values.tobytes()


def doubles(turn: Turn) -> bytes:
    return np.frombuffer(turn.state, "<f4").astype("<f8").tobytes()


DAMAGE = {
    "truncated": lambda turn: {"state": bytes(turn.state)[:-4]},
    "gone": lambda turn: {"state": None},
    "a bit": lambda turn: {"state": flipped(turn)},
    "not a number": lambda turn: {"state": with_nan(turn)},
    "doubles": lambda turn: {"state": doubles(turn)},
    "another shape": lambda turn: {"state": bytes(turn.state) + bytes(turn.state)},
    "the hash": lambda turn: {"state_sha256": "0" * 64},
    "no hash": lambda turn: {"state_sha256": None},
    "bytes and hash": lambda turn: {"state": b"x", "state_sha256": "0" * 64},
    "another state, whole": nudged,
}


def damage(turn: Turn, **values: object) -> None:
    Turn.objects.filter(pk=turn.pk).update(**values)


def columns() -> list[tuple[object, ...]]:
    rows = Turn.objects.order_by("chat", "position")
    names = ("state_sha256", "user_token_ids", "reply_token_ids", "machine")
    return [(row.pk, bytes(row.state or b""), *(getattr(row, n) for n in names)) for row in rows]


def repaired() -> dict[object, str]:
    return {
        verdict.turn: verdict.reason for verdict in turns_verify(repair=True) if verdict.repaired
    }


def left() -> dict[object, str]:
    return {verdict.turn: verdict.reason for verdict in turns_verify() if verdict.reason}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_damaged_state_is_rebuilt_to_the_bit(turns, kind, place):
    before = columns()
    damage(turns[place], **DAMAGE[kind](turns[place]))
    assert turns[place].pk in left()
    assert AuditEntry.objects.count() == 0  # to look repairs nothing
    assert list(repaired()) == [turns[place].pk]
    assert columns() == before
    assert left() == {}
    assert repaired() == {}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object) == ("turn.repair", str(turns[place].chat_id))
    assert entry.detail["turn"] == str(turns[place].pk)
    assert entry.detail["is"] == before[place][2]


def test_every_state_of_every_chat_is_rebuilt(turns, bob, checkpoint):
    other = Chat.objects.create(owner=bob.person, checkpoint=checkpoint)
    spoken_turn(other, "Hi", "Hello")
    before = columns()
    Turn.objects.update(state=b"x", state_sha256="f" * 64)
    assert len(repaired()) == 4
    assert columns() == before


def test_a_memory_never_follows_ids_that_are_not_those_of_the_texts(turns):
    ids = turns[1].user_token_ids
    for change in ({"reply_token_ids": ids}, {"user_token_ids": [*ids, ids[0]]}):
        sound = {name: getattr(turns[1], name) for name in change}
        damage(turns[1], **change)
        was = columns()
        assert repaired() == {}
        assert columns() == was
        # Its own state is whole, so the next turn's is proved by it.
        assert set(left()) == {turns[1].pk}
        damage(turns[2], state=b"x")
        assert set(repaired()) == {turns[2].pk}
        # Without either there is nothing to go by.
        damage(turns[1], state=b"x")
        damage(turns[2], state=b"x")
        assert repaired() == {}
        damage(turns[1], **sound)
        assert set(repaired()) == {turns[1].pk, turns[2].pk}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reply_token_ids": [10**6]}, "vocabulary"),
        ({"user_token_ids": "x"}, "ids"),
        ({"reply_token_ids": {"a": 1}}, "ids"),
        ({"user_token_ids": [1.5]}, "ids"),
        ({"status": "a word"}, "status"),
        ({"kind": "a word"}, "ids"),
        ({"hold": [{"no": "gate"}]}, "ids"),
    ],
)
def test_what_no_replay_mends_is_left_and_reported(turns, change, reason):
    damage(turns[2], **change)
    damage(turns[0], state=b"x")
    was = columns()[1:]
    assert set(repaired()) == {turns[0].pk}
    assert columns()[1:] == was
    assert reason in left()[turns[2].pk]


def test_a_parent_without_a_state_is_a_fault_that_stays(turns):
    damage(turns[1], status="failed")
    damage(turns[2], state=b"x")
    assert repaired() == {}
    assert set(left()) == {turns[2].pk}


def test_the_state_of_another_machine_is_kept_where_it_is_whole(turns):
    damage(turns[2], machine="another", **nudged(turns[2]))
    assert repaired() == {}
    assert "differs by" in left()[turns[2].pk]
    # A difference in the last bits isn't one, and only the hash is mended.
    close = nudged(turns[2], 1e-6)
    damage(turns[2], **close | {"state_sha256": "0" * 64})
    assert set(repaired()) == {turns[2].pk}
    row = Turn.objects.get(pk=turns[2].pk)
    assert (row.state_sha256, row.machine) == (close["state_sha256"], "another")


def test_a_state_is_not_rebuilt_from_one_that_nothing_proves(turns):
    """The second turn's ids and state are both wrong, so the third's replay from it is, too."""
    damage(turns[1], reply_token_ids=turns[1].user_token_ids, **nudged(turns[1]))
    was = columns()
    assert repaired() == {}
    assert set(left()) == {turns[1].pk, turns[2].pk}
    assert columns() == was


@pytest.mark.parametrize("lost", [True, False])
def test_lost_or_changed_weights_are_a_fault_of_each_turn(turns, settings, tmp_path, lost):
    runtime.stop()
    folder = registry.folder_of(turns[0].chat.checkpoint.sha256)
    settings.DATA_DIR = tmp_path / "elsewhere"
    if not lost:
        copy = shutil.copytree(folder, registry.folder_of(turns[0].chat.checkpoint.sha256))
        weights = copy / "model.safetensors"
        data = bytearray(weights.read_bytes())
        data[-1] ^= 1
        weights.write_bytes(data)
    damage(turns[0], state=b"x")
    assert repaired() == {}
    assert all("can't be used" in reason for reason in left().values())
    assert len(left()) == 3


def test_a_change_of_the_memory_is_mended_by_its_hash_alone(turns):
    done = services.memory_set(
        chat=turns[0].chat,
        client_turn_id=uuid4(),
        turn=turns[-1].pk,
        change={"set": [["h", 0, 1, 0.5]]},
    )
    turn = Turn.objects.get(pk=done.head)
    damage(turn, state=b"x")
    assert set(repaired()) == {turn.pk}
    damage(turn, **nudged(turn))
    assert repaired() == {}
    assert set(left()) == {turn.pk}


def test_a_head_that_no_chat_can_go_on_from_is_reported(turns, bob, checkpoint):
    assert list(head_faults()) == []
    other = Chat.objects.create(owner=bob.person, checkpoint=checkpoint, head_id=turns[0].pk)
    assert [(turn, str(other.pk) in reason) for turn, reason in head_faults()] == [
        (turns[0].pk, True)
    ]
    other.delete()
    damage(turns[-1], status="failed")
    assert [turn for turn, _ in head_faults()] == [turns[-1].pk]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL holds its keys")
def test_a_turn_without_its_chat_is_a_fault(turns):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        try:
            cursor.execute("DELETE FROM memory_app_chat")
            faults = left()
            assert len(faults) == 3
            assert all("missing" in reason for reason in faults.values())
            assert repaired() == {}
        finally:
            cursor.execute("DELETE FROM memory_app_turn")
            cursor.execute("PRAGMA foreign_keys = ON")


def test_a_repair_leaves_no_name_of_an_erased_person(turns, alice):
    damage(turns[0], state=b"x")
    repaired()
    person_erase(who=data_subject(named="alice"))
    assert AuditEntry.objects.get(action="turn.repair").object == "erased user"
