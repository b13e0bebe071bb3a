"""A chat leaves as a file, or as Markdown."""

from uuid import uuid4

import pytest

from memory_app import services
from memory_app.models import Chat


def test_a_file_has_the_whole_tree_and_is_a_download(alice, told, exported):
    answer = alice.client.get(f"/chat/{told.pk}/export.json")
    assert answer["Content-Disposition"] == 'attachment; filename="clara-co.json"'
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert set(exported) == {
        "format", "format_version", "chat", "title", "created", "checkpoint", "head", "turns",
    }  # fmt: skip
    listing = alice.client.get(f"/chat/{told.pk}/turns.json").json()
    # What cut a reply off follows from its ids and settings.
    for turn in listing["turns"]:
        del turn["cut_by"]
    assert exported["turns"] == listing["turns"]
    assert exported["checkpoint"] == listing["checkpoint"]
    assert len(exported["turns"]) == 5


def test_a_turn_that_runs_is_not_in_the_file(alice, told):
    services.turn_begin(chat=told, client_turn_id=uuid4(), text="More")
    assert len(alice.client.get(f"/chat/{told.pk}/export.json").json()["turns"]) == 5


@pytest.mark.parametrize(
    ("title", "name"),
    [("", "chat"), ("../../etc/passwd", "etcpasswd"), ('a"\r\nX: y', "a-x-y"), ("你好", "你好")],
)
def test_a_title_makes_no_strange_file_name(alice, told, title, name):
    Chat.objects.filter(pk=told.pk).update(title=title)
    given_name = alice.client.get(f"/chat/{told.pk}/export.json")["Content-Disposition"]
    assert given_name.startswith("attachment; filename")
    if name.isascii():
        assert given_name.endswith(f'"{name}.json"')
    assert "\n" not in given_name


def test_the_markdown_is_the_branch_of_the_head(alice, told):
    answer = alice.client.get(f"/chat/{told.pk}/export.md")
    assert answer["Content-Disposition"] == 'attachment; filename="clara-co.md"'
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    text = answer.content.decode()
    assert text.startswith("# Clara \\& co\n")
    assert "My name is Clara." in text
    assert "Nice 你" in text
    assert "Another" not in text
    assert "2 turns on other branches are not in this file" in text
