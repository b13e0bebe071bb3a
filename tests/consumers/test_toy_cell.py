"""A cell that the program does not have chats, replays, traces and maps by the real paths."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
import torch
from asgiref.sync import sync_to_async
from safetensors.torch import load

from memory_app import registry, runtime, services
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.services.chat.verify import turns_verify
from tests.conftest import make_checkpoint, spoken_turn
from tests.core.cells.gru import registered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _gru() -> Iterator[None]:
    with registered():
        yield
        runtime.get_traces().clear()  # which would ask for its cell in the tests after these


@pytest.fixture
def chat(alice, tmp_path):
    make_checkpoint(tmp_path / "toy", cell="gru")
    row = registry.register(tmp_path / "toy")
    registry.promote(row)
    return Chat.objects.create(owner=alice.person, checkpoint=row)


async def test_it_chats_over_the_socket_and_its_states_are_replays(open_socket, alice, chat):
    socket = await open_socket(alice, chat, ready=False)
    checkpoint = (await socket.next())["checkpoint"]
    assert (checkpoint["cell"], checkpoint["state_parts"]) == ("gru", {"h": [16]})
    assert checkpoint["gate_names"] == ["r", "z"]
    for text in ("Hello", "My name is Clara."):
        sampling = {"max_tokens": 6, "seed": 5}
        await socket.send("turn.send", client_turn_id=uuid4(), text=text, sampling=sampling)
        _, *tokens, finished = await socket.until("turn.finished")
        assert finished["status"] == "length"
        assert [len(layer) for layer in tokens[0]["gates"]] == [2, 2]
    assert await Turn.objects.acount() == 2
    verdicts = await sync_to_async(lambda: list(turns_verify()))()
    assert [verdict.reason for verdict in verdicts] == ["", ""]


@pytest.fixture
def turn(chat):
    return spoken_turn(chat, "My name is Clara.", "Nice to meet you")


def test_every_page_and_file_of_a_turn_speaks_of_its_own_gates(alice, chat, turn):
    get = alice.client.get
    page = get(f"/turn/{turn.pk}/").content.decode()
    assert 'data-value="z"' in page
    assert 'data-value="f"' not in page
    chat_page = get(f"/chat/{chat.pk}/").content.decode()
    assert "hidden state h" in chat_page
    assert ">r<br>z</span>" in chat_page
    trace = load(get(f"/turn/{turn.pk}/trace.safetensors").content)
    assert set(trace) == {
        *(f"{gate}.{layer}" for gate in ("r", "z", "n", "h") for layer in (0, 1)),
        "h0.0", "h0.1", "token_ids",
    }  # fmt: skip
    mind = get(f"/turn/{turn.pk}/state.safetensors").content
    state = State.from_safetensors(mind, chat.checkpoint.model_config)
    assert state.sha256() == turn.state_sha256
    torch.testing.assert_close(trace["h.1"][-1], state.layers[1]["h"][0], atol=1e-6, rtol=0)
    gate_map = load(get(f"/turn/{turn.pk}/map.safetensors?gate=z&layer=1").content)
    assert {"h_before", "h_after", "mean_z", "timescale"} <= set(gate_map)
    assert get(f"/turn/{turn.pk}/map.safetensors?gate=f&layer=1").status_code == 404
    unit = get(f"/turn/{turn.pk}/unit.json?layer=0&unit=3").json()["gates"]
    assert unit["n"] == pytest.approx(trace["n.0"][:, 3].tolist(), abs=1e-6)
    tokens = get(f"/turn/{turn.pk}/gates.json").json()["tokens"]
    assert tokens[2]["gates"][1][1] == pytest.approx(float(trace["z.1"][2].mean()), abs=1e-4)
    norms = get(f"/chat/{chat.pk}/memory.json").json()["turns"][0]["norms"]
    assert list(norms) == ["h"]
    assert get(f"/turn/{turn.pk}/alternatives.json?token=0").status_code == 200


def test_a_chat_leaves_as_a_file_and_comes_back(alice, chat, turn):
    exported = alice.client.get(f"/chat/{chat.pk}/export.json").content
    assert json.loads(exported)["checkpoint"]["cell"] == "gru"
    replayed = services.chat_replay(data=exported)
    services.chat_import(person=alice.person, replayed=replayed)
    states = Turn.objects.exclude(pk=turn.pk).values_list("state_sha256", flat=True)
    assert list(states) == [turn.state_sha256]
