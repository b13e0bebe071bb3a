"""What memory is made of and where a word came from, as JSON, against deletion and replay."""

from itertools import pairwise
from uuid import uuid4

import pytest
import torch
from django.test import Client

from memory_app import registry, runtime, services
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from tests.conftest import make_checkpoint, spoken_turn
from tests.core.cells.gru import registered

TEXTS = ("My name is Clara.", "I live in Lima.", "What is my name?")


@pytest.fixture
def turns(chat):
    runtime.get_traces().clear()
    return [spoken_turn(chat, text, "Your name is Clara.") for text in TEXTS]


def ledger(player, chat, **query):
    answer = player.client.get(f"/chat/{chat.pk}/ledger.json", query)
    assert answer.status_code == 200
    return answer.json()["layers"]


def sources(player, turn, token, **query):
    answer = player.client.get(f"/turn/{turn.pk}/sources.json", {"token": token, **query})
    assert answer.status_code == 200
    return answer.json()


def test_each_layer_is_made_of_its_turns(alice, chat, turns):
    layers = ledger(alice, chat)
    assert [layer["name"] for layer in layers] == ["layer 1", "layer 2"]
    for layer in layers:
        assert set(layer) == {"name", "turns", "start", "residual", "rounding"}
        assert [row["turn"] for row in layer["turns"]] == [str(turn.pk) for turn in turns]
        assert sum(row["share"] for row in layer["turns"]) == pytest.approx(1)
        assert layer["start"] == 0
        assert layer["residual"] <= 1e-5
        assert layer["rounding"] <= 1e-5


def test_the_history_ends_in_the_shares_of_now(alice, chat, turns):
    for layer in ledger(alice, chat, history=1):
        assert [len(shares) for shares in layer["history"]] == [1, 2, 3]
        now = [row["share"] for row in layer["turns"]]
        assert layer["history"][-1] == pytest.approx(now, abs=1e-6)


def test_a_turn_is_replayed_once_for_all_ledgers(alice, chat, turns, monkeypatch):
    first = ledger(alice, chat)
    services.head_move(chat=chat, turn=turns[0].pk)
    fresh = Chat.objects.get(pk=chat.pk)
    monkeypatch.setattr(runtime, "compute_aside", None)
    assert [row["share"] for row in ledger(alice, fresh)[0]["turns"]] == [1]
    services.head_move(chat=chat, turn=turns[2].pk)
    assert ledger(alice, fresh) == first


def test_a_blank_memory_is_made_of_nothing(alice, chat):
    layers = ledger(alice, chat)
    assert [(layer["turns"], layer["start"]) for layer in layers] == [([], 0), ([], 0)]


def test_a_changed_memory_has_its_change_as_a_turn(alice, chat, turns):
    change = {"scale": [["c", 0, None, 0.5]]}
    services.memory_set(chat=chat, client_turn_id=uuid4(), turn=turns[-1].pk, change=change)
    layers = ledger(alice, Chat.objects.get(pk=chat.pk))
    assert layers[0]["turns"][-1]["share"] == pytest.approx(0, abs=1e-6)
    assert layers[0]["residual"] <= 1e-5
    asked = spoken_turn(Chat.objects.get(pk=chat.pk), "What is my name?", "Clara.")
    found = sources(alice, asked, 0, effect=1)
    edit = [row for row in found["bookkeeping"] if row["index"] is None]
    assert [row["part"] for row in edit] == ["change"]
    assert len(found["effect"]) == 4


def test_every_earlier_token_has_its_share(alice, chat, turns):
    found = sources(alice, turns[2], 2)
    assert found["token"] == 2
    assert found["effect"] is None
    assert found["residual"] <= 1e-5
    rows = found["bookkeeping"]
    assert sum(row["share"] for row in rows) + found["start"] == pytest.approx(1)
    model = runtime.load_checkpoint_by_sha(chat.checkpoint.sha256)
    for turn in turns:
        own = [row for row in rows if row["turn"] == str(turn.pk)]
        assert [row["index"] for row in own] == list(range(len(own)))
        texts = {part: "".join(r["text"] for r in own if r["part"] == part) for part in
                 ("prompt", "reply")}  # fmt: skip
        assert texts["prompt"] == turn.user_text
        whole = turn == turns[2]
        assert turn.reply_text.startswith(texts["reply"])
        assert (texts["reply"] == turn.reply_text) is not whole
    ids = model.tokenizer.turn_ids(turns[2].user_token_ids, turns[2].reply_token_ids)
    assert len(own) == len(model.tokenizer.prompt_ids(turns[2].user_token_ids)) + 2 < len(ids)


def test_the_effect_is_that_of_deletion_and_replay(alice, chat, turns):
    model = runtime.load_checkpoint_by_sha(chat.checkpoint.sha256)
    tokenizer = model.tokenizer
    found = sources(alice, turns[2], 1, effect=1)
    assert [row["turn"] for row in found["effect"]] == [str(turn.pk) for turn in turns[:2]]
    assert found["skipped"] == 0
    assert found["rank_correlation"] is None  # of two turns there is no order to speak of

    def logprob(kept):
        state = State.zeros(model.model.config)
        for turn in kept:
            ids = tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
            state = replay(model.model, state, ids)
        fed = [*tokenizer.prompt_ids(turns[2].user_token_ids), *turns[2].reply_token_ids[:1]]
        with torch.inference_mode():
            logits, _ = model.model(torch.tensor([fed]), state)
        return float(logits[0, -1].double().log_softmax(-1)[turns[2].reply_token_ids[1]])

    for row, kept in zip(found["effect"], ([turns[1]], [turns[0]]), strict=True):
        wanted = logprob(kept) - logprob(turns[:2])
        assert row["delta_logprob"] == pytest.approx(wanted, abs=1e-6)


def test_with_three_earlier_turns_there_is_a_rank_correlation(alice, chat, turns):
    last = spoken_turn(Chat.objects.get(pk=chat.pk), "And my cat?", "Clara.")
    found = sources(alice, last, 0, effect=1)
    assert -1 <= found["rank_correlation"] <= 1


def test_turns_that_would_take_too_long_are_skipped(alice, chat, turns, monkeypatch):
    # Without the first turn the second is replayed, without the second nothing but the question.
    most = turns[1].tokens
    monkeypatch.setattr("memory_app.services.chat.sources.MOST_TOKENS", most)
    found = sources(alice, turns[2], 0, effect=1)
    assert [row["turn"] for row in found["effect"]] == [str(turns[1].pk)]
    assert found["skipped"] == 1


@pytest.mark.parametrize("token", ["", "-1", "x", "1.0", "9999", "１", None])
def test_a_token_that_is_none_is_one_sentence(alice, turns, token):
    query = {} if token is None else {"token": token}
    answer = alice.client.get(f"/turn/{turns[0].pk}/sources.json", query)
    assert answer.status_code == 400
    last = len(turns[0].reply_token_ids) - 1
    assert answer.json()["error"]["detail"] == (f"token must be a whole number from 0 to {last}.")
    assert alice.client.get(f"/turn/{turns[0].pk}/sources.json?token={last}").status_code == 200


def test_a_turn_without_a_reply_has_no_sources(alice, chat, turns):
    empty = spoken_turn(Chat.objects.get(pk=chat.pk), "And?", "", status="stopped")
    answer = alice.client.get(f"/turn/{empty.pk}/sources.json?token=0")
    assert answer.status_code == 400
    assert answer.json()["error"]["detail"] == "This reply has no tokens."
    Turn.objects.filter(pk=empty.pk).update(status="failed")
    assert alice.client.get(f"/turn/{empty.pk}/sources.json?token=0").status_code == 404


def test_others_get_what_does_not_exist(bob, chat, turns):
    for client in (bob.client, Client()):
        assert client.get(f"/chat/{chat.pk}/ledger.json").status_code == 404
        assert client.get(f"/turn/{turns[0].pk}/sources.json?token=0").status_code == 404


def test_a_matrix_memory_is_taken_apart_too(alice, tmp_path):
    make_checkpoint(tmp_path / "x", cell="xlstm")
    chat = Chat.objects.create(owner=alice.person, checkpoint=registry.register(tmp_path / "x"))
    turns = [spoken_turn(chat, text, "Your name is Clara.") for text in TEXTS]
    layers = ledger(alice, Chat.objects.get(pk=chat.pk))
    assert [layer["name"] for layer in layers] == ["layer 1", "block 1"]
    assert all(layer["residual"] <= 1e-5 for layer in layers)
    found = sources(alice, turns[2], 1, effect=1)
    assert found["residual"] <= 1e-5
    assert len(found["effect"]) == 2


def test_a_cell_without_a_ledger_says_so(alice, tmp_path):
    with registered():
        make_checkpoint(tmp_path / "g", cell="gru")
        chat = Chat.objects.create(owner=alice.person, checkpoint=registry.register(tmp_path / "g"))
        turn = spoken_turn(chat, "Hello", "Clara.")
        for path, what in (
            (f"chat/{chat.pk}/ledger", "turns"),
            (f"turn/{turn.pk}/sources", "tokens"),
        ):
            answer = alice.client.get(f"/{path}.json?token=0")
            assert answer.status_code == 404
            assert answer.json()["error"]["detail"].endswith(f"is no sum over {what}.")


def test_shares_fall_as_turns_follow(alice, chat, turns):
    history = ledger(alice, chat, history=1)[1]["history"]
    assert all(later[0] < earlier[0] for earlier, later in pairwise(history))


def test_the_gradient_is_shared_among_the_tokens_that_it_reaches(alice, chat, turns, monkeypatch):
    found = sources(alice, turns[2], 1, saliency=1)
    rows = found["saliency"]
    assert found["farther"] == 0
    assert {row["turn"] for row in rows} == {str(turn.pk) for turn in turns}
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    keys = [(row["turn"], row["index"]) for row in found["bookkeeping"] if row["index"] is not None]
    # The token itself has bookkeeping of what was fed before it, and no slope.
    assert [(row["turn"], row["index"]) for row in rows] == keys[: len(rows)]
    runtime.get_traces().clear()
    monkeypatch.setattr("memory_app.services.chat.sources.MOST_SALIENT", 20)
    near = sources(alice, turns[2], 1, saliency=1)
    assert {row["turn"] for row in near["saliency"]} < {str(turn.pk) for turn in turns}
    assert near["farther"] > 0
    runtime.get_traces().clear()
    monkeypatch.setattr("memory_app.services.chat.sources.MOST_SALIENT", 2)
    refused = alice.client.get(f"/turn/{turns[2].pk}/sources.json", {"token": 1, "saliency": 1})
    assert refused.status_code == 400
    assert "too long" in refused.json()["error"]["detail"]


def test_the_gradient_stops_at_a_change_by_hand(alice, chat, turns):
    services.memory_set(
        chat=chat, client_turn_id=uuid4(), turn=turns[2].pk, change={"scale": [["c", 0, None, 0.5]]}
    )
    last = spoken_turn(Chat.objects.get(pk=chat.pk), "What is my name?", "Your name is Clara.")
    found = sources(alice, last, 0, saliency=1)
    assert {row["turn"] for row in found["saliency"]} == {str(last.pk)}
    assert found["farther"] > 0
