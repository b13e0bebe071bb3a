"""A turn's life in the database: raced for, committed whole, recovered, rebuilt."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from memory_app import process_liveness, services
from memory_app.chat_markdown import chat_markdown
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.refusal import Refused
from memory_app.templatetags.pages import status_note
from tests.at_once import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]


def begin(chat: Chat, text: str | None = "Hi", **more) -> services.Begun:
    return services.turn_begin(
        chat=chat, **{"client_turn_id": uuid4(), "text": text, "sampling": {"seed": 1}, **more}
    )


def commit(begun: services.Begun, text: str = "Hello", status: str = "complete") -> Turn:
    return services.turn_commit(
        turn=begun.turn,
        model=begun.model,
        before=begun.before,
        reply_ids=begun.model.tokenizer.encode(text),
        reply_text=text,
        status=status,
    )


def test_a_commit_stores_all_of_the_turn_and_moves_the_head(chat):
    turn = commit(begin(chat))
    chat.refresh_from_db()
    row = Turn.objects.get(pk=turn.pk)
    assert (chat.head_id, chat.running_id) == (turn.pk, None)
    assert (row.status, row.reply_text) == ("complete", "Hello")
    assert len(row.state) == 2 * 2 * 16 * 4
    assert row.finished is not None


def test_a_commit_that_fails_halfway_stores_nothing(chat, monkeypatch):
    begun = begin(chat)

    def broken(self, **fields):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(type(Chat.objects.all()), "update", broken)
    with pytest.raises(RuntimeError):
        commit(begun)
    monkeypatch.undo()
    row = Turn.objects.get(pk=begun.turn.pk)
    assert (row.status, row.reply_token_ids, row.state) == ("running", [], None)
    chat.refresh_from_db()
    assert (chat.head_id, chat.running_id) == (None, row.pk)


@pytest.mark.parametrize("end", [commit, lambda begun: services.turn_fail(turn=begun.turn)])
def test_what_ends_a_turn_takes_its_chat_first_as_a_purge_does(chat, end):
    begun = begin(chat)
    with CaptureQueriesContext(connection) as asked:
        end(begun)
    written = [row["sql"].split(" SET ")[0] for row in asked if row["sql"].startswith("UPDATE")]
    assert written[:2] == ['UPDATE "memory_app_chat"', 'UPDATE "memory_app_turn"']


def test_a_turn_whose_chat_is_purged_is_interrupted_and_recovery_goes_on(chat):
    begun = begin(chat)
    services.chat_delete(chat=chat)
    assert services.chats_purge(older_than=timedelta(0)) == 1
    assert not services.turn_interrupt(turn=begun.turn)
    assert begun.turn.status == "interrupted"


def test_a_purge_and_the_end_of_a_reply_never_wait_for_each_other(chat):
    """Neither may see a deadlock; on SQLite one of them simply comes second."""
    for _ in range(30):
        other = services.chat_create(person=chat.owner, checkpoint=chat.checkpoint)
        begun = begin(other)
        services.chat_delete(chat=other)
        outcomes = at_once(
            lambda: services.chats_purge(older_than=timedelta(0)),
            lambda turn=begun.turn: services.turn_interrupt(turn=turn),
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert Chat.objects.count() == 1


def test_an_empty_reply_can_be_committed(chat):
    assert commit(begin(chat), text="", status="stopped").reply_token_ids == []


def test_a_turn_is_committed_once(chat):
    begun = begin(chat)
    commit(begun)
    with pytest.raises(services.TurnGone):
        commit(begun, text="Something else")
    assert Turn.objects.get().reply_text == "Hello"


def test_a_second_turn_is_busy_until_the_first_has_ended(chat):
    begun = begin(chat)
    with pytest.raises(Refused) as refused:
        begin(chat)
    assert refused.value.code == "busy"
    services.turn_fail(turn=begun.turn)
    assert begin(chat).created


def test_of_many_threads_one_gets_the_chat(chat):
    outcomes = at_once(*[lambda: begin(chat)] * 8)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [one.code for one in refused] == ["busy"] * 7
    assert [outcome.created for outcome in outcomes if outcome not in refused] == [True]
    assert Turn.objects.count() == 1


def test_one_message_from_many_threads_is_one_turn(chat):
    key = uuid4()
    outcomes = at_once(*[lambda: begin(chat, client_turn_id=key)] * 8)
    assert len({begun.turn.pk for begun in outcomes}) == 1
    assert sum(begun.created for begun in outcomes) == 1


def test_the_same_client_turn_id_in_another_chat_is_another_turn(chat, bob, checkpoint):
    other = Chat.objects.create(owner=bob.person, checkpoint=checkpoint)
    key = uuid4()
    assert begin(chat, client_turn_id=key).created
    assert begin(other, client_turn_id=key).created


def test_a_chat_that_is_gone_is_not_found(chat):
    services.chat_delete(chat=chat)
    with pytest.raises(Refused) as refused:
        begin(chat)
    assert refused.value.code == "not_found"


def test_a_failed_turn_has_no_reply_and_leaves_the_head(chat):
    first = commit(begin(chat))
    begun = begin(chat)
    services.turn_fail(turn=begun.turn)
    row = Turn.objects.get(pk=begun.turn.pk)
    assert (row.status, row.reply_token_ids, row.state, row.state_sha256) == (
        "failed",
        [],
        None,
        None,
    )
    chat.refresh_from_db()
    assert (chat.head_id, chat.running_id) == (first.pk, None)


def test_interrupting_what_was_committed_changes_nothing(chat):
    begun = begin(chat)
    commit(begun)
    begun.turn.status = "running"
    assert services.turn_interrupt(turn=begun.turn) is False
    assert begun.turn.status == Turn.objects.get().status == "complete"


# ---- recovery


def _die_with_a_turn(turn: Turn) -> None:
    """Give the turn to a process that was killed while it held its lock."""
    code = (
        "import os, sys, fcntl\n"
        "held = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(held, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    file = Path(process_liveness._file("other-1-abc"))
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline() == b"held\n"
        Turn.objects.filter(pk=turn.pk).update(process="other-1-abc")
        assert services.turns_recover() == 0
        process.kill()
        process.wait()


def test_turns_of_a_dead_process_are_interrupted_at_once(chat):
    first = commit(begin(chat))
    begun = begin(chat)
    _die_with_a_turn(begun.turn)
    assert services.turns_recover() == 1
    row = Turn.objects.get(pk=begun.turn.pk)
    assert (row.status, row.state, row.reply_token_ids) == ("interrupted", None, [])
    chat.refresh_from_db()
    assert (chat.head_id, chat.running_id) == (first.pk, None)
    assert begin(chat).turn.parent_id == first.pk
    assert not process_liveness._file("other-1-abc").exists()


def test_recovery_leaves_the_turns_of_living_processes(chat):
    begun = begin(chat)
    assert services.turns_recover() == 0
    commit(begun)


def test_a_process_of_another_machine_is_dead_when_it_is_silent(chat):
    begun = begin(chat)
    rows = Turn.objects.filter(pk=begun.turn.pk)
    rows.update(process="elsewhere-7-def", heartbeat=timezone.now() - timedelta(seconds=20))
    assert services.turns_recover() == 0
    rows.update(heartbeat=timezone.now() - timedelta(seconds=40))
    assert services.turns_recover() == 1


def test_a_turn_that_its_own_process_lost_is_recovered_when_its_heartbeat_is_old(chat):
    begun = begin(chat)
    old = timezone.now() - timedelta(seconds=40)
    Turn.objects.filter(pk=begun.turn.pk).update(heartbeat=old)
    assert services.turns_recover() == 1


def test_a_recovered_turn_can_no_longer_be_committed(chat):
    begun = begin(chat)
    services.turn_interrupt(turn=begun.turn)
    with pytest.raises(services.TurnGone):
        commit(begun)
    chat.refresh_from_db()
    assert chat.head_id is None


# ---- damaged memory

DAMAGES = {
    "truncated": lambda state: state[:-1],
    "empty": lambda state: b"",
    "none": lambda state: None,
    "too long": lambda state: state + b"\0",
    "a bit flipped": lambda state: bytes([state[0] ^ 1]) + state[1:],
    "not a number": lambda state: b"\x00\x00\xc0\x7f" + state[4:],
    "infinite": lambda state: b"\x00\x00\x80\x7f" + state[4:],
    "zeros": lambda state: bytes(len(state)),
}


# No bytes at all mark a dropped state: test_states_drop.py.
@pytest.mark.parametrize("name", [name for name in DAMAGES if name != "empty"])
def test_damaged_bytes_are_restored_by_replay_to_the_bit(chat, name, caplog):
    turns = [commit(begin(chat)) for _ in range(3)]
    sound = [bytes(Turn.objects.get(pk=turn.pk).state) for turn in turns]
    for turn, state in zip(turns[1:], sound[1:], strict=True):
        Turn.objects.filter(pk=turn.pk).update(state=DAMAGES[name](state))
    begun = begin(chat)
    assert begun.before.to_bytes() == sound[2]
    assert [bytes(Turn.objects.get(pk=turn.pk).state) for turn in turns] == sound
    assert "damaged" in caplog.text


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_that_cannot_be_restored_is_told_and_makes_no_turn(chat, damage):
    turn = commit(begin(chat))
    state = bytes(Turn.objects.get(pk=turn.pk).state)
    Turn.objects.filter(pk=turn.pk).update(
        state=damage(state), reply_token_ids=[*turn.reply_token_ids, 5]
    )
    with pytest.raises(Refused) as refused:
        begin(chat)
    assert refused.value.code == "unavailable"
    chat.refresh_from_db()
    assert (chat.running_id, Turn.objects.count()) == (None, 1)
    # The blank memory is still there to go on from.
    services.head_move(chat=chat, turn=None)
    assert begin(chat).before.sha256() == State.zeros(begin_config(chat)).sha256()


def test_meanwhile_every_move_of_the_head_is_busy(chat):
    broken = begin(chat).turn
    services.turn_fail(turn=broken)
    running = begin(chat).turn
    for turn in (broken.pk, running.pk, None):
        with pytest.raises(Refused) as refused:
            services.head_move(chat=chat, turn=turn)
        assert refused.value.code == "busy"


def begin_config(chat: Chat):
    return services.chat_model(sha256=chat.checkpoint.sha256).model.config


@pytest.mark.parametrize("ids", [["x"], [10**9], [-1], [None], "abc", 3, {"a": 1}])
def test_ids_that_are_none_are_told_without_a_traceback(chat, ids):
    turn = commit(begin(chat))
    Turn.objects.filter(pk=turn.pk).update(state=b"", reply_token_ids=ids)
    with pytest.raises(Refused) as refused:
        begin(chat)
    assert refused.value.code == "unavailable"


def test_a_model_whose_files_changed_is_never_fed_a_state(chat):
    from memory_app import registry, runtime

    commit(begin(chat))
    runtime.stop()
    file = registry.folder_of(chat.checkpoint.sha256) / "model.safetensors"
    sound = file.read_bytes()
    try:
        file.write_bytes(sound[:-4] + b"\0\0\0\0")
        with pytest.raises(Refused) as refused:
            begin(chat)
        assert refused.value.code == "unavailable"
        file.unlink()
        with pytest.raises(Refused):
            begin(chat)
    finally:
        file.write_bytes(sound)
    assert begin(chat).created


def test_a_cut_reply_tells_its_limit_from_a_loop(chat):
    begun = begin(chat, sampling={"seed": 1, "max_tokens": 5})
    turn = commit(begun, "Hello", status="length")
    turn.reply_token_ids = [1, 2, 3, 4, 5]
    assert turn.cut_by == "length"
    turn.reply_token_ids = [1, 2, 3]
    assert turn.cut_by == "loop"
    assert status_note(turn) == "Cut off: the reply repeated itself."
    turn.sampling = {}  # nothing tells
    assert turn.cut_by == "length"
    assert status_note(turn) == "Cut off: the reply reached the length limit."
    turn.status = "complete"
    assert turn.cut_by is None
    assert status_note(turn) == ""


def test_a_reply_without_a_word_is_said_to_have_none(chat):
    turn = commit(begin(chat), "", status="stopped")
    assert status_note(turn) == "Stopped before the reply began."
    assert "*Stopped before the reply began.*" in chat_markdown(chat, [turn], 0)
    turn.reply_text = "So"
    assert status_note(turn) == "Stopped. The model remembers what it wrote up to here."
    turn.status, turn.reply_text = "complete", ""
    assert status_note(turn) == "The reply is empty: the model ended it at once."
