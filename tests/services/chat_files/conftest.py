"""A chat and its file."""

from typing import Any

import pytest

from memory_app.models import Chat
from tests.services.chat_files.files import say


@pytest.fixture
def told(chat, model):
    """A chat with branches, a failed turn, a stopped one, and a head that isn't the newest."""
    ids = model.tokenizer.encode
    first = say(chat, "My name is Clara.", ids("Nice 你"), parent=None, seed=5)
    second = say(chat, "What is my name? 🙂", ids("Clara")[:-1], parent=first, status="stopped")
    say(chat, "And?", [], parent=second, status="failed")
    say(chat, "<b>Another</b>", ids("x"), parent=first, temperature=0)
    say(chat, "A second root", [], parent=None, status="length", max_tokens=1)
    Chat.objects.filter(pk=chat.pk).update(head=second, title="Clara & co")
    chat.refresh_from_db()
    return chat


@pytest.fixture
def exported(alice, told) -> dict[str, Any]:
    return alice.client.get(f"/chat/{told.pk}/export.json").json()
