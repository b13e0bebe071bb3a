"""What a script gets of a turn, checked by a plain torch.nn.LSTM that knows nothing of ours."""

import hashlib
import json
from uuid import uuid4

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, load_file

from memory_app import services
from memory_app.models import Turn

TALK = [("My name is Clara.", "Nice"), ("What is my name?", "Clara 你"), ("Bye", "")]


@pytest.fixture
def turns(chat):
    made = []
    for user, reply in TALK:
        begun = services.turn_begin(
            chat=chat, client_turn_id=uuid4(), text=user, sampling={"seed": 4}
        )
        made.append(
            services.turn_commit(
                turn=begun.turn,
                model=begun.model,
                before=begun.before,
                reply_ids=begun.model.tokenizer.encode(reply),
                reply_text=reply,
                status="complete",
            )
        )
    return made


@pytest.fixture
def listing(alice, chat, turns):
    return alice.client.get(f"/chat/{chat.pk}/turns.json").json()


def third_party(folder, listing):
    """Each turn's ids and states, by torch, safetensors and tokenizers alone."""
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text())
    weights = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    user, bot, end = (tokenizer.token_to_id(f"<|{name}|>") for name in ("user", "bot", "end"))
    lstm = torch.nn.LSTM(config["embedding_dim"], config["hidden_size"], config["num_layers"])
    lstm.load_state_dict({k[5:]: v for k, v in weights.items() if k.startswith("lstm.")})
    state = None
    for turn in listing["turns"]:
        ids = [user, *turn["user_token_ids"], end, bot, *turn["reply_token_ids"], end]
        with torch.no_grad():
            _, state = lstm(weights["embedding.weight"][ids].unsqueeze(1), state)
        yield turn, ids, state


def test_the_listing_has_every_turn_oldest_first(alice, chat, turns, listing):
    assert set(listing) == {
        "chat", "title", "title_provisional", "checkpoint", "head", "blanked", "running", "turns",
    }  # fmt: skip
    assert listing["chat"] == str(chat.pk)
    assert listing["title"] == "My name is Clara."
    assert listing["checkpoint"] == {
        "id": str(chat.checkpoint.pk), "sha256": chat.checkpoint.sha256, "name": "small",
        "language": "en", "cell": "lstm", "state_parts": {"h": [16], "c": [16]},
        "gate_names": ["i", "f", "o"],
    }  # fmt: skip
    assert listing["head"] == str(turns[-1].pk)
    assert listing["running"] is None
    assert [turn["id"] for turn in listing["turns"]] == [str(turn.pk) for turn in turns]
    first, second, _third = listing["turns"]
    assert set(first) == {
        "id", "parent", "kind", "parameters", "hold", "adapter_sha256",
        "inherited",
        "client_turn_id", "status", "user_text", "reply_text",
        "user_token_ids", "reply_token_ids", "seed", "sampling", "state_sha256", "created",
        "cut_by",
    }  # fmt: skip
    assert (first["parent"], second["parent"]) == (None, first["id"])
    assert (first["kind"], first["status"], first["seed"]) == ("talk", "complete", 4)
    assert first["sampling"]["temperature"] == 0.8


def test_a_running_turn_is_in_the_listing_without_a_reply(alice, chat, turns):
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text="More")
    listing = alice.client.get(f"/chat/{chat.pk}/turns.json").json()
    assert listing["running"] == str(begun.turn.pk)
    last = listing["turns"][-1]
    assert (last["status"], last["reply_token_ids"], last["state_sha256"]) == ("running", [], None)


def test_states_are_those_of_a_third_partys_replay(alice, listing, checkpoint_folder, tmp_path):
    seen = 0
    for turn, ids, (h, c) in third_party(checkpoint_folder, listing):
        seen += len(ids)
        response = alice.client.get(f"/turn/{turn['id']}/state.safetensors")
        assert response["Content-Disposition"].startswith("attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        stored = load(response.content)
        assert {name: list(tensor.shape) for name, tensor in stored.items()} == {
            "h": [2, 16],
            "c": [2, 16],
        }
        torch.testing.assert_close(stored["h"], h[:, 0], atol=1e-5, rtol=0)
        torch.testing.assert_close(stored["c"], c[:, 0], atol=1e-5, rtol=0)
        both = stored["h"].numpy().tobytes() + stored["c"].numpy().tobytes()
        assert hashlib.sha256(both).hexdigest() == turn["state_sha256"]
        file = tmp_path / "state.safetensors"
        file.write_bytes(response.content)
        with safe_open(file, "pt") as opened:
            assert opened.metadata() == {
                "format_version": "1",
                "checkpoint_sha256": listing["checkpoint"]["sha256"],
                "turn": turn["id"],
                "tokens_seen": str(seen),
            }


def test_traces_are_those_of_a_third_partys_replay(alice, listing, checkpoint_folder):
    before = (torch.zeros(2, 16), torch.zeros(2, 16))
    for turn, ids, (h, c) in third_party(checkpoint_folder, listing):
        found = load(alice.client.get(f"/turn/{turn['id']}/trace.safetensors").content)
        assert found["token_ids"].tolist() == ids
        assert found["token_ids"].dtype == torch.int64
        for name in "ifgoch":
            assert list(found[name].shape) == [len(ids), 2, 16]
            assert found[name].dtype == torch.float32
        torch.testing.assert_close(found["h0"], before[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(found["c0"], before[1], atol=1e-5, rtol=0)
        torch.testing.assert_close(found["h"][-1], h[:, 0], atol=1e-5, rtol=0)
        torch.testing.assert_close(found["c"][-1], c[:, 0], atol=1e-5, rtol=0)
        torch.testing.assert_close(found["o"] * found["c"].tanh(), found["h"], atol=1e-5, rtol=0)
        before = (h[:, 0], c[:, 0])


def test_mean_gates_cover_every_token_of_the_turn(alice, listing):
    for turn in listing["turns"]:
        tokens = alice.client.get(f"/turn/{turn['id']}/gates.json").json()["tokens"]
        trace = load(alice.client.get(f"/turn/{turn['id']}/trace.safetensors").content)
        assert [token["token_id"] for token in tokens] == trace["token_ids"].tolist()
        parts = [token["part"] for token in tokens]
        prompt = 3 + len(turn["user_token_ids"])
        assert parts == ["prompt"] * prompt + ["reply"] * (1 + len(turn["reply_token_ids"]))
        spoken = "".join(token["text"] for token in tokens)
        assert spoken == turn["user_text"] + turn["reply_text"]
        for index, token in enumerate(tokens):
            expected = [
                [float(trace[gate][index, layer].mean()) for gate in "ifo"] for layer in range(2)
            ]
            assert token["gates"] == [pytest.approx(layer, abs=1e-3) for layer in expected]


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_turn_without_a_state_has_no_files(alice, turns, status):
    Turn.objects.filter(pk=turns[0].pk).update(status=status, state=None, state_sha256=None)
    missing = alice.client.get(f"/turn/{uuid4()}/state.safetensors")
    for name in ("state.safetensors", "trace.safetensors", "gates.json"):
        response = alice.client.get(f"/turn/{turns[0].pk}/{name}")
        assert response.status_code == 404
        assert response.content == missing.content


def test_a_damaged_memory_is_told_in_one_sentence(alice, turns, caplog):
    Turn.objects.filter(pk=turns[0].pk).update(state=b"x", reply_token_ids=[1, 2, 3])
    for turn, name in ((turns[0], "state.safetensors"), (turns[1], "trace.safetensors")):
        response = alice.client.get(f"/turn/{turn.pk}/{name}")
        assert response.status_code == 503
        assert "damaged" in response.json()["error"]["detail"]
    assert "Traceback" not in caplog.text
