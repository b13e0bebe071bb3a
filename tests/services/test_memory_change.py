"""A hand on the memory: edits, transplants and blends are turns of their own."""

from uuid import uuid4

import pytest
import torch

from memory_app import services
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.refusal import Refused
from memory_app.services.chat.verify import turns_verify
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


def memory_set(chat, turn, **change):
    return services.memory_set(chat=chat, client_turn_id=uuid4(), turn=turn, change=change)


def state_of(key, model):
    turn = Turn.objects.get(pk=key)
    state = State.from_bytes(turn.state, model.model.config)
    assert state.sha256() == turn.state_sha256
    return state


def test_an_edit_is_a_turn_without_words_whose_state_is_its_parents_with_the_change(chat, model):
    said = spoken_turn(chat, "My name is Clara.", "Hello Clara.")
    done = memory_set(chat, said.pk, set=[["c", 1, 3, 0], ["h", 0, 2, 0.5]])
    turn = Turn.objects.get(pk=done.head)
    assert done.turns == (turn.pk,)
    assert (turn.kind, turn.status, turn.parent_id) == ("edit", "complete", said.pk)
    assert (turn.user_text, turn.reply_text, turn.user_token_ids, turn.reply_token_ids) == (
        "", "", [], [],
    )  # fmt: skip
    assert turn.tokens == 0
    assert turn.parameters == {"set": [["c", 1, 3, 0.0], ["h", 0, 2, 0.5]]}
    before, after = state_of(said.pk, model), state_of(turn.pk, model)
    expected = before.clone()
    expected.layers[1]["c"][0, 3] = 0
    expected.layers[0]["h"][0, 2] = 0.5
    assert after.sha256() == expected.sha256()
    assert Chat.objects.get(pk=chat.pk).head_id == turn.pk


def test_the_next_message_goes_on_from_the_edit(chat, model):
    said = spoken_turn(chat, "My name is Clara.", "Hello Clara.")
    edit = memory_set(chat, said.pk, scale=[["c", 0, None, 0], ["c", 1, None, 0]]).head
    following = spoken_turn(chat, "What is my name?", "Clara.")
    assert following.parent_id == edit
    ids = model.tokenizer.turn_ids(following.user_token_ids, following.reply_token_ids)
    from memory_app.core.model.replay import replay

    assert following.state_sha256 == replay(model.model, state_of(edit, model), ids).sha256()
    assert all(verdict.reason == "" for verdict in turns_verify())


def test_the_blank_memory_can_be_edited_too_even_before_the_first_message(alice, checkpoint):
    chat = services.chat_create(person=alice.person, checkpoint=checkpoint)
    done = memory_set(chat, None, set=[["c", 0, 0, 1]])
    assert Turn.objects.get(pk=done.head).parent is None
    assert spoken_turn(Chat.objects.get(pk=chat.pk), "Hello", "Hi").parent_id == done.head


def test_a_repeated_message_changes_nothing_twice(chat):
    said = spoken_turn(chat, "Hello", "Hi")
    key = uuid4()
    change = {"scale": [["c", 0, None, 0.5]]}
    first = services.memory_set(chat=chat, client_turn_id=key, turn=said.pk, change=change)
    services.head_move(chat=chat, turn=said.pk)
    again = services.memory_set(chat=chat, client_turn_id=key, turn=said.pk, change=change)
    assert again.turns == first.turns
    assert again.head == said.pk
    assert Turn.objects.count() == 2


def test_a_change_waits_for_the_reply_that_runs(chat):
    said = spoken_turn(chat, "Hello", "Hi")
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text="More")
    with pytest.raises(Refused) as refused:
        memory_set(chat, said.pk, set=[["c", 0, 0, 1]])
    assert refused.value.code == "busy"
    services.turn_interrupt(turn=begun.turn)
    with pytest.raises(Refused) as refused:
        memory_set(chat, begun.turn.pk, set=[["c", 0, 0, 1]])
    assert refused.value.code == "invalid"
    assert Chat.objects.get(pk=chat.pk).head_id == said.pk


def test_a_transplant_takes_places_of_another_chats_memory(chat, alice, checkpoint, model):
    said = spoken_turn(chat, "My name is Clara.", "Hello Clara.")
    other = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    donor = spoken_turn(other, "I have a cat.", "You have a cat.")
    what = [["c", 1, None], ["h", 1, 2]]
    done = services.memory_transplant(
        chat=chat, client_turn_id=uuid4(), turn=said.pk, source=donor.pk, what=what
    )
    own, given, after = (state_of(key, model) for key in (said.pk, donor.pk, done.head))
    assert torch.equal(after.layers[1]["c"], given.layers[1]["c"])
    assert torch.equal(after.layers[0]["c"], own.layers[0]["c"])
    assert after.layers[1]["h"][0, 2] == given.layers[1]["h"][0, 2]
    turn = Turn.objects.get(pk=done.head)
    assert turn.kind == "transplant"
    assert turn.parameters == {
        "from": str(donor.pk), "what": what, "weight": 1.0, "sha256": given.sha256(),
    }  # fmt: skip
    # It replays without the other chat.
    other.delete()
    assert all(verdict.reason == "" for verdict in turns_verify())
    Turn.objects.filter(pk=turn.pk).update(state=b"\0" * 8)
    restored = services.state_after(turn=Turn.objects.get(pk=turn.pk), checkpoint=checkpoint)
    assert restored.sha256() == after.sha256()


def test_a_weight_below_one_makes_a_blend(chat, model):
    first = spoken_turn(chat, "My name is Clara.", "Hello Clara.")
    second = spoken_turn(chat, "I have a cat.", "You have a cat.")
    done = services.memory_transplant(
        chat=chat,
        client_turn_id=uuid4(),
        turn=second.pk,
        source=first.pk,
        what=[["c", 0, None]],
        weight=0.5,
    )
    assert Turn.objects.get(pk=done.head).kind == "blend"
    own, given, after = (state_of(key, model) for key in (second.pk, first.pk, done.head))
    mean = 0.5 * given.layers[0]["c"] + 0.5 * own.layers[0]["c"]
    assert torch.equal(after.layers[0]["c"], mean)


def test_another_persons_memory_does_not_exist(chat, bob, checkpoint):
    said = spoken_turn(chat, "Hello", "Hi")
    theirs = spoken_turn(
        Chat.objects.create(owner=bob.person, checkpoint=checkpoint), "Mine", "Yes"
    )
    details = []
    for source in (theirs.pk, uuid4()):
        with pytest.raises(Refused) as refused:
            services.memory_transplant(
                chat=chat, client_turn_id=uuid4(), turn=said.pk, source=source,
                what=[["c", 0, None]],
            )  # fmt: skip
        details.append((refused.value.code, str(refused.value.detail)))
    assert details[0] == details[1]
    assert details[0][0] == "not_found"


def test_verification_names_a_change_whose_parameters_were_damaged(chat):
    said = spoken_turn(chat, "Hello", "Hi")
    edit = memory_set(chat, said.pk, set=[["c", 0, 0, 1]]).head
    for parameters in ({}, [], {"set": [["c", 9, 0, 1]]}, {"set": [["c", 0, 0, 2]]}):
        Turn.objects.filter(pk=edit).update(parameters=parameters)
        faults = [verdict for verdict in turns_verify() if verdict.reason]
        assert [fault.turn for fault in faults] == [edit]
