"""chat_cli: what is said in a terminal is stored as what is said in a browser."""

import io
from unicodedata import category

import pytest

from memory_app import runtime
from memory_app.models import Turn


@pytest.fixture
def say(manage, checkpoint_folder, monkeypatch):
    manage("checkpoints", "import", checkpoint_folder)
    manage("checkpoints", "promote", "small")
    yield lambda text, *more: (
        monkeypatch.setattr("sys.stdin", io.StringIO(text)),
        manage("chat_cli", *more),
    )[1]
    runtime.stop()


def test_each_line_is_a_turn_and_the_next_one_goes_on_from_it(say, manage):
    ran = say("hello\n\nand again\n", "--json")
    assert ran.status == 0, ran.err
    first, second = ran.document["turns"]
    assert (first["user_text"], second["user_text"]) == ("hello", "and again")
    stored = Turn.objects.get(pk=second["turn"])
    assert str(stored.parent_id) == first["turn"]
    assert stored.reply_text == second["reply_text"]
    assert manage("verify_sessions", "--json").document == {"turns": 2, "faults": []}


def test_a_terminal_is_never_sent_a_control_character(say):
    ran = say("hello\n")
    assert ran.out.startswith("bot  ")
    # A soft hyphen or a joiner may stand in a random reply; what commands or turns letters may not.
    assert not [char for char in ran.out if category(char) in {"Cc", "Cs"} and char not in "\n\t"]
    assert not set(ran.out) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_line_that_the_socket_would_refuse_is_one_line_on_stderr(say):
    assert "4,000" in say("x" * 4001 + "\n", "--json").mistake
    assert "4,000 tokens, and at most 2,048" in say("🐈" * 1000 + "\n", "--json").mistake


def test_without_a_live_checkpoint_there_is_nothing_to_talk_to(manage):
    assert "live" in manage("chat_cli").mistake
