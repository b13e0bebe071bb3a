"""A checkpoint of another task is registered and kept, but no chat is held with it."""

from pathlib import Path

import pytest

from memory_app import registry
from memory_app.core.training.run import run
from memory_app.services.chat.chats import NotForChat, chat_create
from tests.core.tasks.mood import Mood
from tests.core.tasks.test_task_protocol import SETTINGS, SOURCE

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_registered_and_refused_for_chat(alice, checkpoint, tmp_path: Path) -> None:
    settings = SETTINGS.changed({"steps": 2})
    result = run(Mood(), settings, [SOURCE], tmp_path, name="reviews")
    row = registry.register(result.checkpoint)
    assert (row.name, row.task, row.serves_chats) == ("reviews", "mood", False)
    with pytest.raises(registry.RegistryError, match="trained for mood"):
        registry.promote(row)
    with pytest.raises(NotForChat):
        chat_create(person=alice.person, checkpoint=row)
    assert registry.live("en") == checkpoint
