"""routes: every way in, each with its policy."""

from itertools import chain

from django.urls import reverse

from memory_app import policy
from memory_app.socket_messages import SOCKET_MESSAGES


def test_every_way_in_is_listed_once_with_a_policy(manage):
    ran = manage("routes", "--json")
    assert ran.status == 0
    routes = ran.document["routes"]
    assert {route["kind"] for route in routes} == {"http", "ws", "task"}
    assert all(
        route["policy"] in {"anyone", "person", "owner", "staff", "system"} for route in routes
    )
    socket = {route["name"] for route in routes if route["kind"] == "ws"}
    assert socket == set(chain.from_iterable(SOCKET_MESSAGES.values()))
    speech = {r["path"] for r in routes if r["kind"] == "ws" and r["name"].startswith("speech.")}
    assert speech == {"/ws/lab/speech/"}
    paths = [route["path"] for route in routes if route["kind"] == "http"]
    assert len(paths) == len(set(paths))
    assert reverse("front") in paths
    assert all(route["methods"] for route in routes if route["kind"] == "http")


def test_a_route_without_a_row_is_not_listed_but_fails(manage, monkeypatch):
    monkeypatch.delitem(policy._BY_NAME, ("ws", "ping"))
    assert "ping" in manage("routes", "--json").mistake
