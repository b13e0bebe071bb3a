"""STATE_KEEP: states that a replay gives again are dropped, and come back to the bit."""

from datetime import timedelta

import pytest

from memory_app import services
from memory_app.models import Chat, Turn
from memory_app.refusal import Refused
from memory_app.services.chat.memory import DROPPED, state_after
from memory_app.services.chat.states_drop import states_drop
from memory_app.services.chat.verify import turns_verify
from tests.conftest import spoken_turn

NOW = timedelta(0)


@pytest.fixture(autouse=True)
def _every_fourth(settings):
    settings.STATE_KEEP = 4


@pytest.fixture
def turns(chat: Chat) -> list[Turn]:
    return [spoken_turn(chat, f"This is number {n}.", "Yes.") for n in range(1, 11)]


def _dropped(turns: list[Turn]) -> list[int]:
    """The places, from 1, of the turns without a state."""
    rows = Turn.objects.in_bulk([turn.pk for turn in turns])
    return [n for n, turn in enumerate(turns, 1) if bytes(rows[turn.pk].state) == DROPPED]


def test_each_fourth_state_of_a_branch_and_its_head_are_kept(turns):
    assert states_drop(older_than=NOW) == 7
    assert _dropped(turns) == [1, 2, 3, 5, 6, 7, 9]
    assert states_drop(older_than=NOW) == 0


def test_by_default_and_within_a_day_all_are_kept(turns, settings):
    assert states_drop() == 0
    settings.STATE_KEEP = 0
    assert states_drop(older_than=NOW) == 0
    assert _dropped(turns) == []


def test_states_of_another_machine_are_kept(turns):
    Turn.objects.filter(pk=turns[0].pk).update(machine="another")
    states_drop(older_than=NOW)
    assert _dropped(turns) == [2, 3, 5, 6, 7, 9]


def test_a_turn_that_several_follow_and_a_forks_root_are_kept(chat, turns):
    chat.refresh_from_db()
    services.head_move(chat=chat, turn=turns[4].pk)
    chat.refresh_from_db()
    sibling = spoken_turn(chat, "Another sixth.", "Yes.")
    fork = services.chat_fork(turn=turns[6])
    spoken_turn(fork, "In the fork.", "Yes.")
    states_drop(older_than=NOW)
    # The last turn is no head any more, but the sibling is; the fifth is followed by both.
    assert _dropped([*turns, sibling]) == [1, 2, 3, 6, 7, 9, 10]
    copies = list(fork.turns.oldest_first())
    assert _dropped(copies) == [1, 2, 3, 5, 6]


def test_a_dropped_state_comes_back_to_the_bit_and_is_stored(chat, turns):
    before = {turn.pk: bytes(turn.state) for turn in turns}
    states_drop(older_than=NOW)
    row = Turn.objects.get(pk=turns[6].pk)
    state = state_after(turn=row, checkpoint=chat.checkpoint)
    assert state.to_bytes() == before[row.pk]
    row.refresh_from_db()
    assert bytes(row.state) == before[row.pk]
    # Those on the way to it are not stored: nobody asked for them.
    assert _dropped(turns) == [1, 2, 3, 5, 6, 9]


def test_a_chat_goes_on_from_a_dropped_state(chat, turns):
    states_drop(older_than=NOW)
    chat.refresh_from_db()
    services.head_move(chat=chat, turn=turns[2].pk)
    chat.refresh_from_db()
    spoken_turn(chat, "Back at three.", "Yes.")
    assert {verdict.reason for verdict in turns_verify()} == {""}


def test_verification_replays_what_was_dropped(turns):
    states_drop(older_than=NOW)
    verdicts = list(turns_verify())
    assert [verdict.reason for verdict in verdicts] == [""] * 10
    Turn.objects.filter(pk=turns[5].pk).update(reply_token_ids=[1, 2, 3])
    faults = {verdict.turn for verdict in turns_verify() if verdict.reason}
    # The seventh is replayed from what the sixth's ids give now; the eighth's state is stored.
    assert faults == {turns[5].pk, turns[6].pk, turns[7].pk}


def test_a_dropped_state_whose_ids_were_changed_is_refused(chat, turns):
    states_drop(older_than=NOW)
    Turn.objects.filter(pk=turns[5].pk).update(reply_token_ids=[1, 2, 3])
    with pytest.raises(Refused) as refused:
        state_after(turn=Turn.objects.get(pk=turns[6].pk), checkpoint=chat.checkpoint)
    assert refused.value.code == "unavailable"


def test_what_another_machine_computed_is_rebuilt_and_not_stored(chat, turns):
    states_drop(older_than=NOW)
    # Moved to another machine, whose replay gives other last bits, and so another hash.
    Turn.objects.filter(pk=turns[6].pk).update(machine="another", state_sha256="0" * 64)
    state = state_after(turn=Turn.objects.get(pk=turns[6].pk), checkpoint=chat.checkpoint)
    assert state.to_bytes() == bytes(turns[6].state)
    assert 7 in _dropped(turns)
    assert {verdict.reason for verdict in turns_verify()} == {""}
