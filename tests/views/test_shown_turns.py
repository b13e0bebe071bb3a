"""Which turns a page shows: the branch, what a blank left behind, what was forgotten."""

from uuid import uuid4

from memory_app import services
from memory_app.models import Chat, Turn
from memory_app.views.chat.shown_turns import items_of, shown_path
from tests.conftest import spoken_turn


def shown(chat: Chat) -> list[str]:
    chat.refresh_from_db()
    turns = list(chat.turns.oldest_first())
    items = items_of(turns, shown_path(turns, chat.head_id, None), chat.blanked_id)
    return [
        item.rule or f"{'~' if item.is_faded else ''}{item.turn.user_text}"
        for item in items
        if item.rule or item.turn
    ]


def test_a_blanked_memory_leaves_its_messages_greyed_also_after_more_of_them(chat):
    spoken_turn(chat, "One", "x")
    two = spoken_turn(chat, "Two", "x")
    services.head_move(chat=chat, turn=None)
    assert shown(chat) == ["~One", "~Two", "blanked"]
    three = spoken_turn(chat, "Three", "x")
    assert shown(chat) == ["~One", "~Two", "blanked", "Three"]
    services.head_move(chat=chat, turn=None)
    spoken_turn(chat, "Four", "x")
    assert shown(chat) == ["~One", "~Two", "blanked", "~Three", "blanked", "Four"]
    services.head_move(chat=chat, turn=three.pk)
    assert shown(chat) == ["~One", "~Two", "blanked", "Three"]
    services.head_move(chat=chat, turn=two.pk)
    assert shown(chat) == ["One", "Two"]


def test_an_undo_of_the_first_turn_leaves_what_was_there_before_it(chat):
    spoken_turn(chat, "One", "x")
    services.head_move(chat=chat, turn=None, keep=False)
    assert shown(chat) == []
    one = Turn.objects.get()
    services.head_move(chat=chat, turn=one.pk)
    services.head_move(chat=chat, turn=None)
    spoken_turn(chat, "Two", "x")
    services.head_move(chat=chat, turn=None, keep=False)
    assert shown(chat) == ["~One", "blanked"]


def test_another_version_of_the_first_turn_after_a_blank_keeps_the_rule(chat):
    spoken_turn(chat, "One", "x")
    services.head_move(chat=chat, turn=None)
    two = spoken_turn(chat, "Two", "x")
    begun = services.turn_begin(
        chat=chat, client_turn_id=uuid4(), target=two.pk, text="Three", sampling={}
    )
    assert begun.turn.parameters == {"blanked": str(two.parameters["blanked"])}
    services.turn_fail(turn=begun.turn)
    services.memory_forget(chat=chat, client_turn_id=uuid4(), turn=two.pk)
    assert shown(chat)[:2] == ["~One", "blanked"]


def test_a_forgotten_turn_stands_greyed_where_it_was(chat):
    turns = [spoken_turn(chat, text, "x") for text in ("One", "Two", "Three", "Four")]
    services.memory_forget(chat=chat, client_turn_id=uuid4(), turn=turns[1].pk)
    assert shown(chat) == ["One", "~Two", "Three", "Four"]
    third = chat.turns.get(user_text="Three", parameters__of=str(turns[2].pk))
    services.memory_forget(chat=chat, client_turn_id=uuid4(), turn=third.pk)
    assert shown(chat)[0] == "One"
    assert sorted(shown(chat)[1:3]) == ["~Three", "~Two"]
    assert shown(chat)[3] == "Four"
    spoken_turn(chat, "Five", "x")
    assert shown(chat)[-1] == "Five"


def test_the_rule_of_a_fork_stands_below_what_it_inherited(chat):
    one = spoken_turn(chat, "One", "x")
    copy = services.chat_fork(turn=one)
    spoken_turn(copy, "Two", "x")
    assert shown(copy) == ["One", "forked", "Two"]


def test_made_up_parameters_change_nothing(chat):
    one = spoken_turn(chat, "One", "x")
    for parameters in (
        {"blanked": "nobody"},
        {"blanked": 7},
        {"forgotten": [], "of": {}},
        {"blanked": str(one.pk), "forgotten": str(one.pk), "of": str(one.pk)},
    ):
        Turn.objects.filter(pk=one.pk).update(parameters=parameters)
        assert "One" in shown(chat)
        services.head_move(chat=chat, turn=None, keep=False)
        services.head_move(chat=chat, turn=one.pk)
