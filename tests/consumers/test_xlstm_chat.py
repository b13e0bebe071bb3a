"""A chat on an xlstm by the real paths: socket, replay, trace, maps, matrices, files."""

import json
from uuid import uuid4

import pytest
import torch
from asgiref.sync import sync_to_async
from safetensors.torch import load

from memory_app import registry, services
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.services.chat.verify import turns_verify
from tests.conftest import make_checkpoint, spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chat(alice, tmp_path):
    make_checkpoint(tmp_path / "xlstm", cell="xlstm", num_layers=3)
    row = registry.register(tmp_path / "xlstm")
    registry.promote(row)
    return Chat.objects.create(owner=alice.person, checkpoint=row)


async def test_it_chats_over_the_socket_and_its_states_are_replays(open_socket, alice, chat):
    socket = await open_socket(alice, chat, ready=False)
    checkpoint = (await socket.next())["checkpoint"]
    assert checkpoint["cell"] == "xlstm"
    assert checkpoint["state_parts"] == {
        "h": [16], "c": [16], "C": [4, 4, 4], "n": [4, 4], "m": [4], "shift": [3, 24]
    }  # fmt: skip
    for text in ("Hello", "My name is Clara."):
        sampling = {"max_tokens": 6, "seed": 5}
        await socket.send("turn.send", client_turn_id=uuid4(), text=text, sampling=sampling)
        _, *tokens, finished = await socket.until("turn.finished")
        assert finished["status"] == "length"
        assert [len(layer) for layer in tokens[0]["gates"]] == [3, 3, 3]
    assert await Turn.objects.acount() == 2
    verdicts = await sync_to_async(lambda: list(turns_verify()))()
    assert [verdict.reason for verdict in verdicts] == ["", ""]


@pytest.fixture
def turn(chat):
    return spoken_turn(chat, "My name is Clara.", "Nice to meet you")


def test_every_page_and_file_of_a_turn_knows_its_blocks(alice, chat, turn):
    get = alice.client.get
    page = get(f"/turn/{turn.pk}/").content.decode()
    assert 'data-value="size"' in page
    assert 'id="matrices"' in page
    chat_page = get(f"/chat/{chat.pk}/").content.decode()
    assert '<canvas width="16" height="4"' in chat_page
    assert 'data-part="C"' in chat_page
    trace = load(get(f"/turn/{turn.pk}/trace.safetensors").content)
    blocks = {f"{name}.2" for name in ("i", "f", "o", "q", "k", "v", "size", "h")}
    lower = {f"{name}.{layer}" for name in "ifgoch" for layer in (0, 1)}
    before = {"h0.0", "c0.0", "h0.1", "c0.1", "C0.2", "n0.2", "m0.2", "shift0.2"}
    assert set(trace) == blocks | lower | before | {"token_ids"}
    tokens = len(trace["token_ids"])
    mind = get(f"/turn/{turn.pk}/state.safetensors").content
    state = State.from_safetensors(mind, chat.checkpoint.model_config)
    assert state.sha256() == turn.state_sha256
    gate_map = load(get(f"/turn/{turn.pk}/map.safetensors?gate=q&layer=2").content)
    assert gate_map["steps"].shape == (16, tokens)
    assert {"size_before", "size_after", "mean_f", "timescale"} <= set(gate_map)
    for gate, layer in (("g", 2), ("q", 0), ("size", 1)):
        assert get(f"/turn/{turn.pk}/map.safetensors?gate={gate}&layer={layer}").status_code == 404
    unit = get(f"/turn/{turn.pk}/unit.json?layer=2&unit=3").json()["gates"]
    assert set(unit) == {"i", "f", "size"}
    assert unit["f"] == pytest.approx(trace["f.2"][:, 3].tolist(), abs=1e-6)
    assert get(f"/turn/{turn.pk}/unit.json?layer=2&unit=4").status_code == 404
    memory = get(f"/chat/{chat.pk}/memory.json").json()["turns"][0]
    assert memory["norms"]["C"][:2] == [None, None]
    assert len(memory["moved"]) == 3
    assert get(f"/turn/{turn.pk}/alternatives.json?token=1").status_code == 200
    assert get(f"/turn/{turn.pk}/alternatives.json?token=0").status_code == 404


def test_the_matrix_after_a_token_and_what_it_reads(alice, chat, turn):
    get = alice.client.get
    trace = load(get(f"/turn/{turn.pk}/trace.safetensors").content)
    last = len(trace["token_ids"]) - 1
    answer = get(f"/turn/{turn.pk}/matrix.safetensors?layer=2&token={last}")
    file = load(answer.content)
    state = State.from_bytes(bytes(turn.state), chat.checkpoint.model_config).layers[2]
    matrix = (state["C"] * state["m"].exp()[..., None, None])[0]
    torch.testing.assert_close(file["matrix"], matrix, atol=1e-5, rtol=1e-4)
    read = torch.einsum("hs,shv->hv", file["read_out"], trace["v.2"].view(-1, 4, 4))
    torch.testing.assert_close(read.flatten(), trace["h.2"][last], atol=1e-5, rtol=1e-5)
    tag = {"HTTP_IF_NONE_MATCH": answer["ETag"]}
    assert get(f"/turn/{turn.pk}/matrix.safetensors?layer=2&token={last}", **tag).status_code == 304
    for query in ("layer=1&token=0", f"layer=2&token={last + 1}", "layer=2", "layer=9&token=0"):
        assert get(f"/turn/{turn.pk}/matrix.safetensors?{query}").status_code == 404


def test_a_chat_leaves_as_a_file_and_comes_back(alice, chat, turn):
    exported = alice.client.get(f"/chat/{chat.pk}/export.json").content
    assert json.loads(exported)["checkpoint"]["cell"] == "xlstm"
    replayed = services.chat_replay(data=exported)
    services.chat_import(person=alice.person, replayed=replayed)
    states = Turn.objects.exclude(pk=turn.pk).values_list("state_sha256", flat=True)
    assert list(states) == [turn.state_sha256]


def test_its_memory_is_changed_held_forgotten_and_carried(alice, chat, turn):
    heads = [0, 1, 2, 3]
    change = {"set": [["C", 2, [1, 0, 3], 0.5], ["C", 2, 3, 0], ["c", 0, 2, 1]]}
    edit = services.memory_set(chat=chat, client_turn_id=uuid4(), turn=turn.pk, change=change)
    config = chat.checkpoint.model_config
    after = State.from_bytes(Turn.objects.get(pk=edit.head).state, config)
    assert float(after.layers[2]["C"][0, 1, 0, 3]) == 0.5
    assert not after.layers[2]["C"][0, 3].any()
    services.memory_transplant(
        chat=chat,
        client_turn_id=uuid4(),
        turn=edit.head,
        source=turn.pk,
        what=[[part, 2, head] for part in ("C", "n", "m") for head in heads],
        weight=0.5,
    )
    hold = {"freeze": [["f", 2, 0, 1], ["i", 2, 0, 0], ["f", 0, None, 1]], "forget_bias": 0.5}
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text="And now?", hold=hold)
    held = services.turn_commit(
        turn=begun.turn, model=begun.model, before=begun.before,
        reply_ids=begun.model.tokenizer.encode("Yes"), reply_text="Yes", status="complete",
    )  # fmt: skip
    assert held.hold["forget_bias"] == 0.5
    mind = alice.client.get(f"/turn/{held.pk}/state.safetensors").content
    done = services.memory_forget(chat=chat, client_turn_id=uuid4(), turn=edit.head)
    assert [row.kind for row in Turn.objects.in_bulk(done.turns).values()].count("talk") == 1
    services.memory_load(chat=chat, data=mind)
    assert [verdict.reason for verdict in turns_verify()] == [""] * Turn.objects.count()
    document = alice.client.get(f"/chat/{chat.pk}/export.json").json()
    body = json.dumps(document).encode()
    replayed = services.chat_replay(data=body)
    assert replayed.differing == 0
    for name, status in (("matrix.safetensors?layer=2&token=0", 404), ("gates.json", 200)):
        assert alice.client.get(f"/turn/{held.pk}/{name}").status_code == status
