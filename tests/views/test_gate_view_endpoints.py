"""What the gate view asks for: maps, units and alternatives agree with the trace of the turn."""

import json
import math

import pytest
import torch
from safetensors.torch import load

from memory_app import runtime, services
from memory_app.models import Turn
from tests.conftest import spoken_turn


@pytest.fixture
def turn(chat):
    return spoken_turn(chat, "My name is Clara.", "Nice to meet you 你")


@pytest.fixture
def trace(alice, turn):
    return load(alice.client.get(f"/turn/{turn.pk}/trace.safetensors").content)


@pytest.mark.parametrize("gate", list("ifgoch"))
def test_a_map_is_the_trace_in_two_bytes_a_value(alice, turn, trace, gate):
    for layer in range(2):
        answer = alice.client.get(f"/turn/{turn.pk}/map.safetensors?gate={gate}&layer={layer}")
        assert answer.status_code == 200
        size = int.from_bytes(answer.content[:8], "little")
        metadata = json.loads(answer.content[8 : 8 + size])["__metadata__"]
        found = load(answer.content)
        low, high = float(metadata["low"]), float(metadata["high"])
        values = low + found["steps"].double() * (high - low) / 65535
        half_a_step = (high - low) / 131070 + 1e-6
        assert torch.allclose(values, trace[gate][:, layer].t().double(), atol=half_a_step)
        assert torch.allclose(found["c_after"], trace["c"][-1, layer])
        assert set(json.loads(metadata["saturation"])) == set("ifogh")


def test_a_unit_is_its_column_of_the_trace_to_the_bit(alice, turn, trace):
    found = alice.client.get(f"/turn/{turn.pk}/unit.json?layer=1&unit=7").json()
    assert (found["layer"], found["unit"]) == (1, 7)
    for gate in "ifgoch":
        assert torch.equal(torch.tensor(found["gates"][gate]), trace[gate][:, 1, 7])


def test_alternatives_are_in_falling_order_and_know_the_token_itself(alice, turn, trace):
    ids = trace["token_ids"].tolist()
    prompt = len(turn.user_token_ids) + 3
    for index, token_id in enumerate(ids):
        found = alice.client.get(f"/turn/{turn.pk}/alternatives.json?token={index}").json()
        assert (found["token"], found["token_id"]) == (index, token_id)
        assert found["chosen"] is (index >= prompt)
        p = [one["probability"] for one in found["alternatives"]]
        assert len(p) == 10
        assert p == sorted(p, reverse=True)
        assert 0 < sum(p) <= 1 + 1e-9
        assert found["entropy"]["bits"] == pytest.approx(found["entropy"]["nats"] / math.log(2))
        own = [one for one in found["alternatives"] if one["token_id"] == token_id]
        assert (found["rank"] <= 10) is bool(own)
        assert all(one["probability"] == found["probability"] for one in own)


def test_the_closing_token_of_a_stopped_reply_was_not_chosen(alice, turn, trace):
    Turn.objects.filter(pk=turn.pk).update(status="stopped")
    last = len(trace["token_ids"]) - 1
    url = f"/turn/{turn.pk}/alternatives.json?token="
    assert alice.client.get(f"{url}{last}").json()["chosen"] is False
    assert alice.client.get(f"{url}{last - 1}").json()["chosen"] is True


@pytest.mark.parametrize(
    "what",
    [
        "map.safetensors", "map.safetensors?gate=f", "map.safetensors?gate=x&layer=0",
        "map.safetensors?gate=f&layer=2", "map.safetensors?gate=f&layer=-1",
        "map.safetensors?gate=f&layer=٣", "map.safetensors?gate=c0&layer=0",
        "unit.json?layer=0", "unit.json?layer=0&unit=16", "unit.json?layer=0&unit=1e1",
        "unit.json?layer=0&unit=99999999999999999999", "alternatives.json",
        "alternatives.json?token=NaN", "alternatives.json?token=999",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(alice, turn, what):
    assert alice.client.get(f"/turn/{turn.pk}/{what}").status_code == 404


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_turn_without_a_state_has_none_of_it(alice, turn, status):
    Turn.objects.filter(pk=turn.pk).update(status=status, state=None, state_sha256=None)
    for what in ("map.safetensors?gate=f&layer=0", "unit.json?layer=0&unit=0",
                 "alternatives.json?token=0"):  # fmt: skip
        assert alice.client.get(f"/turn/{turn.pk}/{what}").status_code == 404


def test_a_trace_is_computed_once_for_all_that_is_asked_of_it(alice, turn, monkeypatch):
    runtime.get_traces().clear()
    alice.client.get(f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0")
    monkeypatch.setattr(services.chat.traces, "trace_of", lambda *_: pytest.fail("computed again"))
    for what in ("map.safetensors?gate=c&layer=1", "unit.json?layer=0&unit=0", "gates.json",
                 "trace.safetensors", "alternatives.json?token=0"):  # fmt: skip
        assert alice.client.get(f"/turn/{turn.pk}/{what}").status_code == 200


def test_a_map_that_the_browser_has_is_not_computed_nor_sent_again(alice, turn, monkeypatch):
    url = f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0"
    first = alice.client.get(url)
    assert first["Cache-Control"] == "private, no-cache"
    monkeypatch.setattr(services.chat.traces, "trace_of", lambda *_: pytest.fail("computed again"))
    runtime.get_traces().clear()
    again = alice.client.get(url, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]


def test_who_may_not_see_a_map_is_not_told_that_it_is_unchanged(alice, charlie, turn):
    url = f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0"
    tag = alice.client.get(url)["ETag"]
    assert charlie.client.get(url, headers={"if-none-match": tag}).status_code == 404
    services.chat_delete(chat=turn.chat)
    assert alice.client.get(url, headers={"if-none-match": tag}).status_code == 404


def test_another_memory_is_another_map(alice, turn):
    url = f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0"
    tag = alice.client.get(url)["ETag"]
    assert turn.state_sha256 in tag
    for other in ('"0"', f'"{turn.state_sha256}"', tag.replace("map", "map9")):
        assert alice.client.get(url, headers={"if-none-match": other}).status_code == 200


@pytest.mark.parametrize("what", ["gate=x&layer=0", "gate=f&layer=2"])
def test_what_is_not_there_is_not_unchanged_either(alice, turn, what):
    tag = alice.client.get(f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0")["ETag"]
    url = f"/turn/{turn.pk}/map.safetensors?{what}"
    assert alice.client.get(url, headers={"if-none-match": tag}).status_code == 404
