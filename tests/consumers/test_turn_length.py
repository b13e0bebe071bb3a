"""A message is bounded by its tokens too: refused before it is stored, told before it is sent."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from memory_app import services
from memory_app.models import Turn
from memory_app.refusal import Refused

CAT = "🐈"  # four tokens, for a tokenizer that has not learned it
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _bound(settings):
    settings.TURN_MAX_IDS = 1000


def _begin(chat, text=None, **more):
    return services.turn_begin(
        chat=chat, client_turn_id=uuid4(), text=text, sampling={"seed": 1}, **more
    )


def _stored(chat, text="Hi"):
    begun = _begin(chat, text)
    return services.turn_commit(
        turn=begun.turn,
        model=begun.model,
        before=begun.before,
        reply_ids=begun.model.tokenizer.encode("Hello"),
        reply_text="Hello",
        status="complete",
    )


async def test_a_text_of_too_many_tokens_is_too_long_and_the_socket_goes_on(
    open_socket, alice, chat
):
    socket = await open_socket(alice, chat)
    key = str(uuid4())
    await socket.send("turn.send", client_turn_id=key, text=CAT * 251)
    assert await socket.next() == {
        "type": "error",
        "code": "too_long",
        "detail": "This message has 1,004 tokens, and at most 1,000 are allowed: "
        "shorten it or send it in parts.",
        "client_turn_id": key,
    }
    frames = await socket.say(CAT * 250, max_tokens=1)
    assert frames[-1]["status"] == "length"
    assert await Turn.objects.acount() == 1
    turn = frames[0]["turn"]
    await socket.send("turn.edit", client_turn_id=uuid4(), turn=turn, text=CAT * 251)
    assert (await socket.next())["code"] == "too_long"
    assert await Turn.objects.acount() == 1


def test_a_longer_turn_of_before_can_be_read_and_edited_but_not_read_again_by_the_model(
    alice, chat, settings
):
    long = _stored(chat, CAT * 250)
    file = alice.client.get(f"/chat/{chat.pk}/export.json").content
    settings.TURN_MAX_IDS = 999
    with pytest.raises(Refused) as refused:
        _begin(chat, target=long.pk)
    assert refused.value.code == "too_long"
    assert str(refused.value.detail) == (
        "This message has 1,000 tokens, and at most 999 can be read: edit it shorter."
    )
    chat.refresh_from_db()
    assert chat.running_id is None
    assert Turn.objects.count() == 1
    for page in ("", "gates.json", "map.safetensors?gate=f&layer=0", "state.safetensors"):
        assert alice.client.get(f"/turn/{long.pk}/{page}").status_code == 200
    assert _stored(chat, "Go on").parent_id == long.pk
    assert _begin(chat, "Shorter", target=long.pk).turn.parent_id is None
    # Its file comes back whole.
    answer = alice.client.post("/chats/import/", {"file": SimpleUploadedFile("chat.json", file)})
    assert answer.status_code == 302
    imported = Turn.objects.exclude(chat=chat).get()
    assert imported.user_token_ids == long.user_token_ids
    assert imported.state_sha256 == long.state_sha256


def test_the_sentence_is_written_as_the_readers_language_writes_numbers(chat):
    with pytest.raises(Refused) as refused:
        _begin(chat, CAT * 251)
    with translation.override("zh-hans"):
        detail = str(refused.value.detail)
    assert "1,004" in detail
    assert "1,000" in detail
    assert "词元" in detail


def test_the_composer_can_ask_how_many_tokens_a_text_is(alice, chat):
    def ask(text):
        return alice.client.post(f"/chat/{chat.pk}/tokens/", {"text": text})

    assert ask(CAT * 251).json() == {"tokens": 1004, "most": 1000}
    text = "What is my name? <|end|> 你好"
    begun = _begin(chat, text)
    assert ask(text).json()["tokens"] == len(begun.turn.user_token_ids)
    assert ask("").status_code == 400
    assert ask("x" * 4001).status_code == 400
    assert Turn.objects.count() == 1


def test_nobody_counts_in_anothers_chat(charlie, chat):
    assert charlie.client.post(f"/chat/{chat.pk}/tokens/", {"text": "a"}).status_code == 404
