"""A turn beside any other of one's own: found, aligned, and the final states' difference."""

from uuid import uuid4

import pytest

from memory_app import services
from memory_app.core.inspection.alignment import align
from memory_app.models import Chat
from tests.conftest import spoken_turn


@pytest.fixture
def turn(chat):
    return spoken_turn(chat, "I live in Oslo.", "Oslo is nice.")


@pytest.fixture
def other(alice, checkpoint):
    chat = Chat.objects.create(owner=alice.person, checkpoint=checkpoint, title="Another")
    return spoken_turn(chat, "No, I live in Rome.", "Rome it is.")


def difference(player, turn, other):
    return player.client.get(f"/turn/{turn.pk}/difference.json?with={other}")


def test_a_turn_of_another_chat_is_aligned_and_its_state_subtracted(alice, turn, other):
    found = difference(alice, turn, other.pk).json()
    model = services.chat_model(sha256=turn.chat.checkpoint.sha256)
    ids = [
        model.tokenizer.turn_ids(one.user_token_ids, one.reply_token_ids) for one in (turn, other)
    ]
    assert found["aligned"] == align(*ids)
    assert found["aligned"][0] == 0
    config = turn.chat.checkpoint.model_config
    own, theirs = (
        services.state_stored(turn=one, config=config).part("c")[:, 0] for one in (turn, other)
    )
    for number, layer in enumerate(found["layers"]):
        gap = theirs[number] - own[number]
        assert layer["distance"] == pytest.approx(float(gap.norm()), rel=1e-5)
        first = layer["units"][0]
        assert first["unit"] == int(gap.abs().argmax())
        assert first["other"] - first["own"] == pytest.approx(float(gap[first["unit"]]), abs=1e-6)


def test_the_page_lists_it_and_takes_its_address(alice, turn, other):
    page = alice.client.get(f"/turn/{turn.pk}/").content.decode()
    assert f'<option value="{other.pk}">No, I live in Rome. · Another</option>' in page
    for given in (other.pk, f"https://example.org/turn/{other.pk}/#gate=f"):
        answer = alice.client.get(f"/turn/{turn.pk}/", {"with": given})
        assert answer.status_code == 200
        assert f'"with": "{other.pk}"' in answer.content.decode()


@pytest.mark.parametrize("what", ["", "nonsense", "somebody", "nobody", "itself"])
def test_no_other_turn_is_found(alice, bob, checkpoint, turn, what):
    chat = Chat.objects.create(owner=bob.person, checkpoint=checkpoint)
    theirs = spoken_turn(chat, "My secret", "x")
    given = {"somebody": theirs.pk, "nobody": uuid4(), "itself": turn.pk}.get(what, what)
    assert difference(alice, turn, given).status_code == 404
    page = alice.client.get(f"/turn/{turn.pk}/", {"with": given})
    assert page.status_code == (404 if given else 200)
    assert ("None of your turns" in page.content.decode()) is bool(given)
    assert "secret" not in page.content.decode()


def test_somebody_elses_turn_is_compared_with_nothing(alice, charlie, checkpoint, turn, other):
    chat = Chat.objects.create(owner=charlie.person, checkpoint=checkpoint)
    own = spoken_turn(chat, "Hello.", "Hello.")
    assert difference(alice, turn, other.pk).status_code == 200
    for given in (own.pk, other.pk):
        assert difference(charlie, turn, given).status_code == 404
    assert difference(charlie, own, other.pk).status_code == 404
