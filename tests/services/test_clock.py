"""A clock that is put back changes the times that are told, and no order."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from memory_app import services
from memory_app.migrations import __name__ as migrations
from memory_app.models import Chat, Checkpoint, TrainingRun, Turn
from tests.services.chat_files.files import say


@pytest.fixture
def clock(monkeypatch):
    """`clock(days)`: from here on the clock is so many days ahead."""
    right = timezone.now

    def put(days: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(days=days))

    return put


@pytest.fixture
def told(chat, clock):
    """A parent said by a clock a day ahead; then its two children by the right one."""
    clock(1)
    first = say(chat, "first", [], parent=None)
    clock(0)
    second = say(chat, "second", [], parent=first)
    again = say(chat, "again", [], parent=first)
    return [first, second, again]


def test_turns_are_in_the_order_in_which_they_were_said(alice, chat, told):
    assert told[0].created > told[1].created
    assert list(chat.turns.oldest_first()) == told
    answer = alice.client.get(f"/chat/{chat.pk}/turns.json").json()
    assert [turn["user_text"] for turn in answer["turns"]] == ["first", "second", "again"]


def test_the_site_takes_its_own_export(alice, chat, told):
    body = alice.client.get(f"/chat/{chat.pk}/export.json").content
    made = services.chat_import(person=alice.person, replayed=services.chat_replay(data=body))
    assert [turn.user_text for turn in made.turns.oldest_first()] == ["first", "second", "again"]
    page = alice.client.get(f"/chat/{chat.pk}/export.md").content.decode()
    assert page.index("first") < page.index("again")


def test_the_chat_last_talked_in_is_first_in_the_list(alice, checkpoint, clock):
    clock(1)
    older = Chat.objects.create(owner=alice.person, checkpoint=checkpoint, title="older")
    say(older, "x", [], parent=None)
    clock(0)
    newer = Chat.objects.create(owner=alice.person, checkpoint=checkpoint, title="newer")
    assert list(Chat.objects.of(alice.person).newest_first()) == [newer, older]
    say(older, "y", [], parent=None)
    assert list(Chat.objects.of(alice.person).newest_first()) == [older, newer]


def test_what_was_deleted_by_a_clock_ahead_is_purged_a_day_later_all_the_same(chat, clock):
    clock(3000)
    services.chat_delete(chat=chat)
    clock(0)
    assert services.chats_purge() == 0
    clock(1.1)
    assert services.chats_purge() == 1


def test_runs_and_checkpoints_are_numbered_as_they_come(checkpoint, clock):
    clock(1)
    first = TrainingRun.objects.create(preset="tiny")
    clock(0)
    second = TrainingRun.objects.create(preset="tiny")
    assert list(TrainingRun.objects.waiting()) == [first, second]
    other = Checkpoint.objects.create(
        sha256="1" * 64, name="x", cell="lstm", language="en", path="x",
        created=datetime.fromtimestamp(0, tz=timezone.get_current_timezone()),
    )  # fmt: skip
    assert list(Checkpoint.objects.all()) == [checkpoint, other]


def test_two_turns_never_have_one_position(chat, told):
    assert [turn.position for turn in told] == [1, 2, 3]
    assert Turn.objects.filter(chat=chat).count() == 3
    with pytest.raises(Exception, match=r"(?i)unique"):
        Turn.objects.create(chat=chat, client_turn_id=uuid4(), seed=1, position=2)


def test_the_migration_numbers_parents_before_children_whatever_the_clock_said():
    from importlib import import_module

    in_tree_order = import_module(f"{migrations}.0011_number_rows").in_tree_order
    keys = [uuid4() for _ in range(5)]
    root, child, grandchild, sibling, second_root = keys
    turns = [
        (grandchild, child, 1), (child, root, 2), (root, None, 9), (sibling, root, 5),
        (second_root, None, 3),
    ]  # fmt: skip
    assert in_tree_order(turns) == [second_root, root, child, grandchild, sibling]
