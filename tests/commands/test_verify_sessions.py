"""verify_sessions: nothing but what the ids give may be stored."""

from uuid import uuid4

import pytest

from memory_app import services
from memory_app.lm.state import State
from memory_app.models import Chat, Person, Turn


@pytest.fixture
def turns(manage, checkpoint_folder):
    """Three committed turns, each the child of the one before."""
    row = manage("checkpoints", "import", checkpoint_folder, "--json").document["checkpoint"]
    chat = Chat.objects.create(owner=Person.objects.create(), checkpoint_id=row["id"])
    made = []
    for text in ("one", "two", "three"):
        begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text=text)
        turn = services.turn_commit(
            turn=begun.turn,
            model=begun.model,
            before=begun.before,
            reply_ids=begun.turn.user_token_ids,
            reply_text=text,
            status="complete",
        )
        made.append(turn)
    return made


def test_sound_turns_have_no_fault(manage, turns):
    ran = manage("verify_sessions", "--json")
    assert ran.status == 0
    assert ran.document == {"turns": 3, "faults": []}


def _nudged(turn: Turn, by: float) -> dict[str, object]:
    state = State.from_bytes(bytes(turn.state), 2, 16)
    state.c[0, 0, 0] += by
    return {"state": state.to_bytes(), "state_sha256": state.sha256()}


def test_a_last_bit_is_a_fault_on_the_machine_that_wrote_it_alone(manage, turns):
    last = Turn.objects.filter(pk=turns[-1].pk)
    assert turns[-1].machine
    last.update(**_nudged(turns[-1], 3e-7))
    ran = manage("verify_sessions", "--json")
    assert ran.status == 1
    assert [fault["turn"] for fault in ran.document["faults"]] == [str(turns[-1].pk)]
    assert "1 of 3" in ran.mistake
    last.update(machine="another")
    assert manage("verify_sessions", "--json").status == 0
    last.update(**_nudged(turns[-1], 1e-3))
    assert manage("verify_sessions", "--json").status == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": b"short"}, "bytes"),
        ({"state": None}, "bytes"),
        ({"state_sha256": "0" * 64}, "hash"),
        ({"reply_token_ids": [1, 2, 3]}, "replay"),
        ({"reply_token_ids": [10**6]}, "vocabulary"),
        ({"reply_token_ids": "x"}, "ids"),
    ],
)
def test_whatever_was_changed_is_a_fault(manage, turns, change, reason):
    Turn.objects.filter(pk=turns[-1].pk).update(**change)
    (fault,) = manage("verify_sessions", "--json").document["faults"]
    assert reason in fault["reason"]


def test_a_turn_on_lost_weights_is_a_fault(manage, turns, settings, tmp_path):
    from memory_app import runtime

    runtime.stop()
    settings.DATA_DIR = tmp_path / "elsewhere"
    ran = manage("verify_sessions", "--json")
    assert len(ran.document["faults"]) == 3
