"""The fragment that takes a reply's place: safe, the owner's, empty where it changes nothing."""

from uuid import uuid4

import pytest

from memory_app.markdown import markdown_or_nothing, render_markdown
from memory_app.models import Chat, Turn
from tests.conftest import Player


@pytest.fixture
def turn(chat: Chat) -> Turn:
    return Turn.objects.create(
        chat=chat, client_turn_id=uuid4(), seed=1, status="complete", reply_text="**Hi**"
    )


def test_the_owner_gets_safe_html(alice: Player, turn: Turn) -> None:
    answer = alice.client.get(f"/turn/{turn.pk}/reply/")
    assert answer.content.decode().strip() == "<p><strong>Hi</strong></p>"
    assert answer["Content-Type"].startswith("text/html")
    Turn.objects.filter(pk=turn.pk).update(reply_text="<script>alert(1)</script> *x*")
    assert b"<script" not in alice.client.get(f"/turn/{turn.pk}/reply/").content


def test_to_others_it_does_not_exist(bob: Player, turn: Turn) -> None:
    theirs = bob.client.get(f"/turn/{turn.pk}/reply/")
    none = bob.client.get(f"/turn/{uuid4()}/reply/")
    assert (theirs.status_code, theirs.content) == (404, none.content)


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_turn_without_a_reply_has_no_fragment(alice: Player, turn: Turn, status: str) -> None:
    Turn.objects.filter(pk=turn.pk).update(status=status)
    assert alice.client.get(f"/turn/{turn.pk}/reply/").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Words.",
        "Two\nlines, 3 < 4 & so on.",
        "One.\n\nTwo.",
        " spaced  out ",
        "你好。",
        "a_b_c",
    ],
)
def test_what_markdown_would_not_change_is_left_alone(text: str) -> None:
    assert markdown_or_nothing(text) == ""


@pytest.mark.parametrize(
    "text",
    ["*a*", "- a", "1. a", "# a", "> a", "`a`", "    a", "a\n---", "a\\*", "&lt;", "<x@y.z>"],
)
def test_what_markdown_would_change_is_drawn(text: str) -> None:
    assert markdown_or_nothing(text) == render_markdown(text) != ""


def test_the_page_draws_it_before_any_script_runs(alice: Player, chat: Chat, turn: Turn) -> None:
    Chat.objects.filter(pk=chat.pk).update(head=turn)
    page = alice.client.get(f"/chat/{chat.pk}/").content.decode()
    assert "<strong>Hi</strong>" in page
    assert "**Hi**" in page
