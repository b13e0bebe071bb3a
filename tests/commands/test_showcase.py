"""showcase: the front page's chats, made by the live model, once."""

import pytest
from django.test import Client

from memory_app import runtime
from memory_app.models import Chat, PublicLink
from memory_app.services.chat import showcase_scripts
from memory_app.services.chat.showcase_scripts import Script


@pytest.fixture
def make(manage, checkpoint_folder, monkeypatch):
    scripts = {"en": (Script("First", ("hello", "and again")), Script("Second", ("hello",)))}
    monkeypatch.setattr(showcase_scripts, "SCRIPTS", scripts)
    monkeypatch.setattr("memory_app.management.commands.showcase.SCRIPTS", scripts)
    manage("checkpoints", "import", checkpoint_folder)
    manage("checkpoints", "promote", "small")
    yield lambda *more: manage("showcase", "--json", *more)
    runtime.stop()


def test_the_live_models_chats_are_made_once_and_read_by_anyone(make, manage):
    ran = make()
    assert ran.status == 0, ran.err
    assert ran.document["made"] == 2
    chats = ran.document["chats"]
    assert [chat["title"] for chat in chats] == ["First", "Second"]
    page = Client().get("/").content.decode()
    for chat in chats:
        assert chat["listed"]
        assert f'href="{chat["path"]}"' in page
        assert Client().get(chat["path"]).status_code == 200
    assert manage("verify_sessions", "--json").document == {"turns": 3, "faults": []}
    again = make().document
    assert (again["made"], again["chats"]) == (0, chats)


def test_renewed_chats_are_the_same_and_take_the_place_of_the_old(make):
    old = make().document["chats"]
    replies = list(Chat.objects.get(pk=old[0]["chat"]).turns.values_list("reply_text", flat=True))
    new = make("--renew").document
    assert new["made"] == 2
    assert {chat["chat"] for chat in new["chats"]}.isdisjoint(chat["chat"] for chat in old)
    assert PublicLink.objects.count() == 2
    assert Client().get(old[0]["path"]).status_code == 404
    fresh = Chat.objects.get(pk=new["chats"][0]["chat"])
    assert list(fresh.turns.values_list("reply_text", flat=True)) == replies


def test_a_person_of_that_name_keeps_it(make, django_user_model):
    django_user_model.objects.create_user("showcase", password="a-pass-word-1")
    ran = make()
    assert ran.status == 1
    assert "rename it first" in ran.err
    assert not PublicLink.objects.exists()
