"""Forgetting a turn equals never having said it, hash for hash."""

from uuid import uuid4

import pytest

from memory_app import services
from memory_app.models import Chat, Turn
from memory_app.refusal import Refused
from memory_app.services.chat import memory_forget
from memory_app.services.chat.verify import turns_verify
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)

SAID = [("My name is Clara.", "Hello."), ("I have a cat.", "You have a cat."), ("Who?", "Clara.")]


def forget(chat, turn, key=None):
    return services.memory_forget(chat=chat, client_turn_id=key or uuid4(), turn=turn)


def branch(chat):
    turn, turns = Chat.objects.get(pk=chat.pk).head, []
    while turn is not None:
        turns.insert(0, turn)
        turn = turn.parent
    return turns


@pytest.mark.parametrize("number", [0, 1])
def test_forgetting_equals_never_having_said_it(chat, alice, checkpoint, number):
    turns = [spoken_turn(chat, *said) for said in SAID]
    before = list(Turn.objects.order_by("position").values())
    done = forget(chat, turns[number].pk)
    never = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    for place, said in enumerate(SAID):
        if place != number:
            spoken_turn(never, *said)
    assert [t.state_sha256 for t in branch(chat)] == [t.state_sha256 for t in branch(never)]
    # Nothing that was is rewritten.
    kept = Turn.objects.filter(pk__in=[row["id"] for row in before])
    assert list(kept.order_by("position").values()) == before
    new = [turn for turn in branch(chat) if turn.pk in done.turns]
    assert [turn.pk for turn in new] == list(done.turns)
    assert done.head == done.turns[-1]
    for copy, old in zip(new, turns[number + 1 :], strict=True):
        assert copy.parameters == {"forgotten": str(turns[number].pk), "of": str(old.pk)}
        assert (copy.kind, copy.user_token_ids, copy.reply_token_ids, copy.status) == (
            "talk", old.user_token_ids, old.reply_token_ids, old.status,
        )  # fmt: skip
        assert copy.first_token_ms is None
    assert new[0].parent_id == turns[number].parent_id
    # What is read again was sent once.
    assert Turn.objects.filter(chat=chat).spoken().count() == len(SAID)
    assert [verdict.reason for verdict in turns_verify()] == [""] * Turn.objects.count()


def test_forgetting_the_head_moves_the_head(chat):
    turns = [spoken_turn(chat, *said) for said in SAID]
    key = uuid4()
    for _ in range(2):  # the message sent again is answered in the same way
        done = forget(chat, turns[2].pk, key)
        assert (done.head, done.turns) == (turns[1].pk, ())
        assert Chat.objects.get(pk=chat.pk).head_id == turns[1].pk
    assert Turn.objects.count() == 3


def test_a_change_of_the_memory_on_the_way_is_applied_again(chat, alice, checkpoint):
    first = spoken_turn(chat, *SAID[0])
    second = spoken_turn(chat, *SAID[1])
    change = {"scale": [["c", 0, None, 0.5]]}
    edit = services.memory_set(
        chat=chat, client_turn_id=uuid4(), turn=second.pk, change=change
    ).head
    spoken_turn(chat, *SAID[2])
    done = forget(chat, first.pk)
    never = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    said = spoken_turn(never, *SAID[1])
    services.memory_set(chat=never, client_turn_id=uuid4(), turn=said.pk, change=change)
    spoken_turn(never, *SAID[2])
    assert [t.state_sha256 for t in branch(chat)] == [t.state_sha256 for t in branch(never)]
    copy = Turn.objects.get(pk=done.turns[1])
    assert copy.kind == "edit"
    assert copy.parameters == {
        "scale": [["c", 0, None, 0.5]], "forgotten": str(first.pk), "of": str(edit),
    }  # fmt: skip
    # The change itself can be left out too.
    forget(chat, copy.pk)
    plain = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    for said in SAID[1:]:
        spoken_turn(plain, *said)
    assert branch(chat)[-1].state_sha256 == branch(plain)[-1].state_sha256
    assert all(verdict.reason == "" for verdict in turns_verify())


def test_a_repeated_message_forgets_nothing_twice(chat):
    turns = [spoken_turn(chat, *said) for said in SAID]
    key = uuid4()
    first = forget(chat, turns[0].pk, key)
    assert len(first.turns) == 2
    assert forget(chat, turns[0].pk, key) == first
    assert Turn.objects.count() == 5


def test_only_a_turn_on_the_way_to_the_head_can_be_forgotten(chat, bob, checkpoint):
    turns = [spoken_turn(chat, *said) for said in SAID]
    theirs = spoken_turn(Chat.objects.create(owner=bob.person, checkpoint=checkpoint), *SAID[0])
    services.head_move(chat=chat, turn=turns[0].pk)
    for key, code in ((turns[2].pk, "invalid"), (theirs.pk, "not_found"), (uuid4(), "not_found")):
        with pytest.raises(Refused) as refused:
            forget(chat, key)
        assert refused.value.code == code


def test_a_reply_or_a_move_meanwhile_refuses_the_whole(chat):
    turns = [spoken_turn(chat, *said) for said in SAID]
    plan = services.forget_plan(chat=chat, client_turn_id=uuid4(), turn=turns[0].pk)
    states = plan.replay()
    services.head_move(chat=chat, turn=turns[1].pk)
    with pytest.raises(Refused) as refused:
        services.forget_store(plan=plan, states=states)
    assert refused.value.code == "busy"
    services.head_move(chat=chat, turn=turns[2].pk)
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text="More")
    for call in (
        lambda: services.forget_store(plan=plan, states=states),
        lambda: forget(chat, turns[0].pk),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.code == "busy"
    services.turn_interrupt(turn=begun.turn)
    assert services.forget_store(plan=plan, states=states).turns
    assert Turn.objects.count() == 6


def test_a_branch_that_is_too_long_is_refused_in_a_sentence(chat, monkeypatch):
    turns = [spoken_turn(chat, *said) for said in SAID]
    monkeypatch.setattr(memory_forget, "MOST_TOKENS", 10)
    with pytest.raises(Refused) as refused:
        forget(chat, turns[0].pk)
    assert refused.value.code == "too_long"
    assert "10" in str(refused.value.detail)


def test_the_copies_are_found_by_a_search(chat, alice):
    spoken_turn(chat, *SAID[0])
    spoken_turn(chat, "I live in Lima.", "You live in Lima.")
    forget(chat, branch(chat)[0].pk)
    from memory_app.models import SearchChunk

    text = "".join(SearchChunk.objects.filter(chat=chat).values_list("text", flat=True))
    assert text.count("i live in lima.") == 2
