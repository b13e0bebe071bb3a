"""Words of a crisis, and a host's own filter: what is said, and what the memory has of it."""

from uuid import uuid4

import pytest
import torch

from memory_app import word_filter
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.core.text.word_list import WordList
from memory_app.database_thread import in_thread
from memory_app.models import Turn
from memory_app.services.chat.verify import turns_verify

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I want to KILL   myself.", "en"), ("i don’t want to live any more", "en"),
        ("我不想活了", "zh-hans"), ("想死", "zh-hans"), ("What is your name?", ""),
        ("A skillmyself", ""), ("Suicides", ""), ("我想死记硬背", "zh-hans"), ("", ""),
    ],
)  # fmt: skip
def test_words_are_found_whole_in_any_case(settings, text, language):
    settings.CRISIS_ANSWER = True
    assert word_filter.crisis_language(text) == language
    settings.CRISIS_ANSWER = False
    assert word_filter.crisis_language(text) == ""


def test_a_list_without_words_finds_nothing():
    assert not WordList([" ", ""])
    assert WordList([]).match("anything") == ""


@pytest.mark.parametrize(("text", "says"), [("I want to die", "112"), ("我不想活了", "我")])
async def test_the_answer_is_fixed_and_the_replay_is_exact(
    settings, open_socket, alice, chat, model, text, says
):
    settings.CRISIS_ANSWER = True
    socket = await open_socket(alice, chat)
    first = await socket.say("Hello")
    frames = await socket.say(text, max_tokens=1)
    started, *tokens, finished = frames
    assert finished["status"] == "complete"
    assert finished["fixed"] is True
    assert "fixed" not in first[-1]
    assert says in finished["reply_text"]
    assert "".join(token["text"] for token in tokens) == finished["reply_text"]
    assert all(token["logprob"] <= 0 and len(token["gates"]) == 2 for token in tokens)
    turn = await Turn.objects.select_related("parent").aget(pk=started["turn"])
    assert [token["token_id"] for token in tokens] == turn.reply_token_ids
    ids = model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
    before = State.from_bytes(bytes(turn.parent.state), model.model.config)
    assert replay(model.model, before, ids).sha256() == turn.state_sha256
    # The next turn goes on from it, and everything verifies.
    assert (await socket.say("And now?"))[-1]["status"] == "length"
    verdicts = await in_thread(lambda: list(turns_verify()))
    assert [verdict.reason for verdict in verdicts] == [""] * 3
    # The same again is the same answer.
    await socket.send("turn.regenerate", client_turn_id=uuid4(), turn=turn.pk)
    again = (await socket.until("turn.finished"))[-1]
    assert (again["reply_text"], again["state_sha256"]) == (
        finished["reply_text"], turn.state_sha256
    )  # fmt: skip


async def test_its_gates_are_those_of_a_trace(settings, open_socket, alice, chat):
    settings.CRISIS_ANSWER = True
    socket = await open_socket(alice, chat)
    *_, finished = frames = await socket.say("I want to die")
    sent = [frame["gates"] for frame in frames if frame["type"] == "turn.token"]
    answer = await in_thread(alice.client.get, f"/turn/{finished['turn']}/gates.json")
    shown = [token["gates"] for token in answer.json()["tokens"] if token["part"] == "reply"]
    assert len(sent) == len(shown) - 1  # the end token has gates, too
    for mine, theirs in zip(sent, shown, strict=False):
        torch.testing.assert_close(torch.tensor(mine), torch.tensor(theirs), atol=2e-4, rtol=0)


async def test_the_page_marks_it(settings, open_socket, alice, chat):
    settings.CRISIS_ANSWER = True
    socket = await open_socket(alice, chat)
    await socket.say("I want to die")
    page = await in_thread(alice.client.get, f"/chat/{chat.pk}/")
    assert "A fixed answer of this site" in page.content.decode()


async def test_a_refused_word_is_not_stored(settings, open_socket, alice, chat, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("# names\nvoldemort\n", encoding="utf-8")
    settings.WORD_FILTER = str(file)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hello Voldemort!")
    error = await socket.next()
    assert error["code"] == "invalid"
    assert "words that aren’t allowed" in error["detail"]
    assert not await Turn.objects.aexists()
    assert (await socket.say("Hello Harry"))[-1]["status"] == "length"


LETTERS = []


def after_eight(text, side):
    """A host's own function: refuses a reply of more than eight characters."""
    LETTERS.append(side)
    return side == "bot" and len(text) > 8


async def test_a_reply_ends_before_the_word_and_its_state_is_exact(
    settings, open_socket, alice, chat, model
):
    settings.WORD_FILTER = f"{__name__}:after_eight"
    settings_filter = word_filter._filter
    word_filter._filter = lambda named: after_eight
    try:
        socket = await open_socket(alice, chat)
        finished = (await socket.say("Hi", max_tokens=60, min_tokens=60))[-1]
    finally:
        word_filter._filter = settings_filter
    assert finished["status"] == "stopped"
    assert len(finished["reply_text"]) <= 8
    turn = await Turn.objects.aget()
    ids = model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
    assert replay(model.model, State.zeros(model.model.config), ids).sha256() == turn.state_sha256
    assert {"user", "bot"} <= set(LETTERS)
