"""Buckets in Redis, shared by processes."""

import pytest

from memory_app import limits
from memory_app.asker import Asker
from memory_app.core.rates import Rate
from memory_app.limits.stores import ProcessStore, RedisStore, Want
from memory_app.services.operations.personal_data import data_subject, person_erase


@pytest.mark.services
def test_redis_agrees_with_the_process(redis):
    """The same wants in the same order, on full buckets that fill within hours."""
    shared, again, own = RedisStore(redis), RedisStore(redis), ProcessStore()
    script = [
        [Want("a", Rate(3, 86400), 1), Want("b", Rate(5, 86400), 2)],
        [Want("a", Rate(3, 86400), 1), Want("b", Rate(5, 86400), 2)],
        [Want("a", Rate(3, 86400), 1), Want("b", Rate(5, 86400), 2)],
        [Want("a", Rate(3, 86400), 7, forced=True)],
        [Want("a", Rate(3, 86400), 0)],
        [Want("b", Rate(5, 86400), 1), Want("c", Rate(1, 86400), 100)],
        [Want("c", Rate(1, 86400), 0)],
    ]
    for place, wants in enumerate(script):
        # Two processes' stores in turns: the buckets are one.
        theirs, ours = (shared, again)[place % 2].take(wants), own.take(wants)
        assert (theirs is None) == (ours is None), place
        assert theirs is None or theirs.place == ours.place
        for left, right in zip(shared.levels(wants), own.levels(wants), strict=True):
            assert abs(left - right) < 0.01


@pytest.mark.services
def test_buckets_in_redis_expire_once_they_are_full(redis):
    store = RedisStore(redis)
    store.take([Want("gone", Rate(10, 20), 5)])
    client = store._client
    assert 1 <= client.ttl("gatescope:limit:gone") <= 11


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_an_erased_person_is_in_no_key(redis, settings, alice, monkeypatch):
    settings.LIMITS = {**settings.LIMITS, "messages": {"member": Rate(60, 3600)}}
    store = RedisStore(redis)
    monkeypatch.setattr(limits, "_store", store)
    monkeypatch.setattr(limits, "_read_at", float("-inf"))
    try:
        limits.enter("messages", asker=Asker(str(alice.person.pk), is_member=True))
        keys = store._client.keys("*")
        assert any(str(alice.person.pk).encode() in key for key in keys)
        person_erase(who=data_subject(named="alice"))
        assert not any(str(alice.person.pk).encode() in key for key in store._client.keys("*"))
        assert len(store._client.keys("*")) == len(keys) - 1
    finally:
        limits.forget()
