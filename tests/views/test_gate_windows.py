"""A very long turn is shown a window of tokens at a time, from the page to the numbers."""

import json

import pytest
import torch
from safetensors.torch import load

from memory_app import runtime, services
from memory_app.core.cells import cell_named
from memory_app.core.inspection import windows
from tests.conftest import spoken_turn

GATES = cell_named("lstm").gate_names


@pytest.fixture
def turn(chat, monkeypatch):
    monkeypatch.setattr(windows, "LONG", 60)
    monkeypatch.setattr(windows, "WINDOW", 40)
    monkeypatch.setattr(windows, "SHORTEST", 10)
    monkeypatch.setattr("memory_app.views.inspector.gate_view.WINDOW", 40)
    monkeypatch.setattr("memory_app.templatetags.pages.LONG", 60)
    return spoken_turn(chat, "My name is Clara 𒀀. " * 9, "Nice to meet you 你")


@pytest.fixture
def whole(alice, turn):
    return load(alice.client.get(f"/turn/{turn.pk}/trace.safetensors").content)


@pytest.fixture
def places(whole):
    tokens = len(whole["token_ids"])
    return [windows.window(tokens, one + 1) for one in range(windows.window_count(tokens))]


def test_maps_and_units_of_the_windows_are_the_columns_of_the_trace(alice, turn, whole, places):
    assert len(places) >= 3
    for place in [*places[::-1], places[1]]:  # a jump to the last one first
        part = slice(place.first, place.stop)
        base, window = f"/turn/{turn.pk}", f"window={place.number}"
        for gate in GATES:
            answer = alice.client.get(f"{base}/map.safetensors?gate={gate}&layer=1&{window}")
            size = int.from_bytes(answer.content[:8], "little")
            metadata = json.loads(answer.content[8 : 8 + size])["__metadata__"]
            low, high = float(metadata["low"]), float(metadata["high"])
            values = low + load(answer.content)["steps"].double() * (high - low) / 65535
            torch.testing.assert_close(
                values, whole[gate][part, 1].t().double(), atol=(high - low) / 131070 + 1e-5, rtol=0
            )
            assert metadata["first"] == str(place.first)
        unit = alice.client.get(f"{base}/unit.json?layer=0&unit=3&{window}").json()["gates"]
        for gate in GATES:
            assert unit[gate] == pytest.approx(whole[gate][part, 0, 3].tolist(), abs=1e-5)


def test_the_means_of_the_windows_are_those_of_the_turn_with_their_texts(alice, turn, places):
    url = f"/turn/{turn.pk}/gates.json"
    all_tokens = alice.client.get(url).json()["tokens"]
    parts = [alice.client.get(f"{url}?window={one.number}").json()["tokens"] for one in places]
    joined = [token for part in parts for token in part]
    for mine, theirs in zip(joined, all_tokens, strict=True):
        for name in ("token_id", "text", "part"):
            assert mine[name] == theirs[name]
        assert mine["gates"][1] == pytest.approx(theirs["gates"][1], abs=1.1e-4)


def test_a_token_is_named_by_its_place_in_the_turn(alice, turn, whole, monkeypatch):
    ids = whole["token_ids"].tolist()
    monkeypatch.setattr(
        services.chat.traces, "turn_trace", lambda **_: pytest.fail("all of it replayed")
    )
    for token in (0, 39, 40, 81, len(ids) - 1):
        found = alice.client.get(f"/turn/{turn.pk}/alternatives.json?token={token}").json()
        assert (found["token"], found["token_id"]) == (token, ids[token])
    assert (
        alice.client.get(f"/turn/{turn.pk}/alternatives.json?token={len(ids)}").status_code == 404
    )


def test_the_page_shows_the_tokens_of_its_window_and_the_ways_on(alice, turn, whole, places):
    page = alice.client.get(f"/turn/{turn.pk}/")
    total = len(whole["token_ids"])
    assert f"Tokens 1 to 40 of {total}" in page.content.decode()
    assert len(page.context["tokens"]) == 40
    assert 'rel="next" href="?window=2"' in page.content.decode()
    assert 'rel="prev" href' not in page.content.decode()
    last = alice.client.get(f"/turn/{turn.pk}/?window={len(places)}")
    assert f"Tokens {places[-1].first + 1} to {total} of {total}" in last.content.decode()
    assert 'rel="next" href' not in last.content.decode()
    texts = [
        token["shown"]
        for place in places
        for token in alice.client.get(f"/turn/{turn.pk}/?window={place.number}").context["tokens"]
    ]
    assert sum("𒀀" in text for text in texts) == 9  # also where one stands across a border
    assert last.context["page"]["split"] == len(turn.user_token_ids) + 3 - places[-1].first


def test_a_far_window_says_what_it_has_to_replay_first(alice, turn, places):
    runtime.get_traces().clear()
    far = f"/turn/{turn.pk}/?window=3"
    assert (
        "Replaying the 80 tokens before this window first" in alice.client.get(far).content.decode()
    )
    alice.client.get(f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0&window=2")
    assert "Replaying the 40 tokens before" in alice.client.get(far).content.decode()
    alice.client.get(f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0&window=3")
    assert "Replaying the turn…" in alice.client.get(far).content.decode()


@pytest.mark.parametrize("window", ["0", "99", "-1", "x", "", "1e0", "٣"])
def test_a_window_that_is_not_there_is_not_found(alice, turn, window):
    first = f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0&window=1"
    tag = alice.client.get(first)["ETag"]
    for what in ("", "map.safetensors", "unit.json", "gates.json"):
        url = f"/turn/{turn.pk}/{what}?gate=f&layer=0&unit=0&window={window}"
        assert alice.client.get(url, headers={"if-none-match": tag}).status_code == 404


def test_windows_have_tags_of_their_own(alice, turn):
    url = f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0"
    tags = {alice.client.get(url + window)["ETag"] for window in ("", "&window=1", "&window=2")}
    assert len(tags) == 3


def test_the_only_window_of_a_usual_turn_is_the_turn(alice, turn, monkeypatch):
    monkeypatch.setattr(windows, "LONG", 3072)
    page = alice.client.get(f"/turn/{turn.pk}/")
    assert "window" not in page.context["page"] or page.context["page"]["window"] is None
    assert "Tokens 1 to" not in page.content.decode()
    base = f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0"
    assert load(alice.client.get(base).content)["steps"].equal(
        load(alice.client.get(f"{base}&window=1").content)["steps"]
    )
    assert alice.client.get(f"{base}&window=2").status_code == 404


def test_the_strip_of_a_very_long_turn_is_not_drawn_by_itself(alice, turn):
    page = alice.client.get(f"/chat/{turn.chat_id}/").content.decode()
    assert 'data-status="complete" data-long' in page
