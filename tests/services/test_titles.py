"""A chat is named by its first message that says something, and shows what was written."""

from uuid import uuid4

import pytest

from memory_app import services
from memory_app.core.text.graphemes import graphemes
from memory_app.models import Chat
from memory_app.services.chat.titles import says_something, title_from, title_from_all
from tests.conftest import spoken_turn

SAYS_NOTHING = [
    "hi", "Hello!", "HEY there", "hiii", "ok", "Okay, thanks!", "how are you?", "What's up", "yo",
    "good morning", "你好", "您好！", "在吗？",
    "好的", "嗯嗯", "你好呀", "早上好", "hello 你好", "?", "…",
    "👋", "", "   ", "haha", "thank you", "Hola", "test",
]  # fmt: skip
SAYS_SOMETHING = [
    "My name is Ana.", "hi, my name is Ana", "42", "dog", "I'm from Oslo", "What is a gate?",
    "你好，我叫小明", "我喜欢猫", "不想上班", "Hello Kitty", "okra", "今天天气真好", "ok computer",
]  # fmt: skip


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_a_greeting_names_nothing(text):
    assert not says_something(text)
    assert title_from(text) == ""


@pytest.mark.parametrize("text", SAYS_SOMETHING)
def test_what_says_something_is_the_title(text):
    assert title_from(text) == text


def test_a_greeting_is_the_title_until_a_message_says_something(chat):
    def say(text):
        begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text=text)
        services.turn_commit(
            turn=begun.turn, model=begun.model, before=begun.before, reply_ids=[], reply_text="",
            status="complete",
        )  # fmt: skip
        return Chat.objects.get().title

    assert say("Hello   there") == "Hello there"
    assert say("How are you?") == "Hello there"
    assert Chat.objects.of(chat.owner).keys_mentioning(["hello"])
    assert say("My name is Ana.") == "My name is Ana."
    assert say("I live in Oslo.") == "My name is Ana."
    services.chat_rename(chat=chat, title="hi!")
    assert say("I like music.") == "hi!"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "I would like to talk about the weather in Norway",
            "I would like to talk about the weather…",
        ),
        ("x" * 60, "x" * 39 + "…"),
        ("一" * 60, "一" * 39 + "…"),
        ("a" * 38 + "👨‍👩‍👧‍👦 and more words", "a" * 38 + "👨‍👩‍👧‍👦…"),
        ("two\nlines of\ttext", "two lines of text"),
        ("a" * 40, "a" * 40),
    ],
)
def test_a_title_is_cut_at_forty_characters(text, title):
    assert title_from(text) == title
    assert len(graphemes(title)) <= 40


def test_a_title_fits_its_column_whatever_it_is_made_of():
    assert len(title_from(("\U0001f3f4" + "\U000e0067" * 20) * 50)) <= 200


@pytest.mark.parametrize(
    "title", ["👨‍👩‍👧‍👦 trip", "می‌خواهم بدانم", "\U0001fae9 tired", "🇩🇪 " * 45]
)
def test_a_chat_is_renamed_to_what_was_written(alice, checkpoint, title):
    chat = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    url = f"/chat/{chat.pk}/rename/"
    answer = alice.client.post(url, {"title": title}, headers={"accept": "application/json"})
    assert answer.json()["title"] == title.strip()
    page = alice.client.get(f"/chat/{chat.pk}/").content.decode()
    assert f">{title.strip()}</a></h1>" in page


def test_an_emptied_title_is_again_the_one_that_the_messages_give(chat):
    for text in ("hi", "My dog is Rex.", "My name is Clara."):
        spoken_turn(chat, text, "ok")
        chat.refresh_from_db()
    services.chat_rename(chat=chat, title="Mine")
    services.chat_rename(chat=chat, title=" ")
    assert Chat.objects.get(pk=chat.pk).title == "My dog is Rex."


def test_a_chat_of_greetings_has_the_first_one_for_its_title():
    assert title_from_all(iter(["", "hi", "ok"])) == "hi"
    assert title_from_all(iter([])) == ""
