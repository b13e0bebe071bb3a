"""Limits by bucket: whose, how much, until when; in the process and in Redis."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from memory_app import limits
from memory_app.asker import Asker
from memory_app.core.rates import Rate
from memory_app.limits.stores import Lack, ProcessStore, RedisStore, Want
from memory_app.models import AuditEntry, LimitChange
from memory_app.refusal import Refused
from memory_app.services.operations.site_limits import limit_set

GUEST = Asker("g1", False, "192.0.2.1", "192.0.2.1")


def rates(**kinds):
    return {kind: {} for kind in limits.KINDS} | kinds


@pytest.fixture(autouse=True)
def fresh(settings):
    settings.LIMITS = rates()
    limits.forget()
    yield
    limits.forget()


class Clock:
    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def test_a_store_takes_from_all_or_from_none(monkeypatch):
    clock = Clock(monkeypatch)
    store = ProcessStore()
    small, large = (Want(key, Rate(amount, 10), 1) for key, amount in (("s", 2), ("l", 10)))
    assert store.take([large, small]) is None
    assert store.take([large, small]) is None
    assert store.take([large, small]) == Lack(1, 0)
    assert store.levels([large, small]) == [8, 0]
    clock.now += 5
    assert store.take([large, small]) is None
    assert store.levels([large, small]) == [9, 0]


def test_a_forced_cost_makes_a_debt(monkeypatch):
    clock = Clock(monkeypatch)
    store = ProcessStore()
    rate = Rate(10, 10)
    assert store.take([Want("a", rate, 25, forced=True)]) is None
    assert store.take([Want("a", rate, 0)]) == Lack(0, -15)
    clock.now += 16
    assert store.take([Want("a", rate, 0)]) is None


def test_without_redis_the_process_counts(caplog):
    store = RedisStore("redis://127.0.0.1:1/0")
    want = Want("a", Rate(1, 3600), 1)
    began = time.monotonic()
    assert store.take([want]) is None
    assert store.take([want]).place == 0
    assert time.monotonic() - began < 2
    assert len(caplog.records) == 1  # not one for each request


@pytest.mark.django_db
def test_each_scope_counts_by_itself(settings):
    settings.LIMITS = rates(
        messages={"guest": Rate(2, 3600), "address": Rate(3, 3600), "all": Rate(5, 3600)}
    )
    other = Asker("g2", False, "192.0.2.1", "192.0.2.1")
    limits.enter("messages", asker=GUEST)
    limits.enter("messages", asker=GUEST)
    with pytest.raises(Refused) as own:
        limits.enter("messages", asker=GUEST)
    limits.enter("messages", asker=other)
    with pytest.raises(Refused) as address:
        limits.enter("messages", asker=other)
    away = [Asker(f"away{n}", False, f"198.51.100.{n}", f"198.51.100.{n}") for n in range(3)]
    limits.enter("messages", asker=away[0])
    limits.enter("messages", asker=away[1])
    with pytest.raises(Refused) as site:
        limits.enter("messages", asker=away[2])
    assert {own.value.code, address.value.code, site.value.code} == {"rate_limited"}
    assert "2 per hour for a guest" in str(own.value.detail)
    assert "one address" in str(address.value.detail)
    assert "whole site" in str(site.value.detail)
    assert timedelta(minutes=29) < own.value.until - timezone.now() <= timedelta(minutes=30)


@pytest.mark.django_db
def test_another_cookie_is_no_way_out_and_another_address_of_the_network_neither(settings):
    settings.LIMITS = rates(guests={"network": Rate(4, 3600)})
    for number in range(4):
        limits.enter("guests", asker=Asker("", False, f"2001:db8::{number}", "2001:db8::/64"))
    with pytest.raises(Refused):
        limits.enter("guests", asker=Asker("", False, "2001:db8::99", "2001:db8::/64"))
    limits.enter("guests", asker=Asker("", False, "2001:db9::1", "2001:db9::/64"))


@pytest.mark.django_db
def test_what_is_computed_is_paid_afterwards_and_waited_for(settings):
    settings.LIMITS = rates(traces={"guest": Rate(100, 3600)})
    with limits.asking(lambda: GUEST):
        limits.enter("traces")
        limits.pay("traces", 250)
        with pytest.raises(Refused) as refused:
            limits.enter("traces")
    assert timedelta(minutes=90) < refused.value.until - timezone.now() < timedelta(minutes=92)
    limits.pay("traces", 50)  # nobody asks: a command
    assert limits.left("traces", GUEST).used == 100


@pytest.mark.django_db
def test_a_change_on_the_dashboard_holds_without_a_restart(settings, django_user_model):
    settings.LIMITS = rates(messages={"guest": Rate(1, 3600)})
    user = django_user_model.objects.create_user("dora", is_staff=True)
    limits.enter("messages", asker=GUEST)
    with pytest.raises(Refused):
        limits.enter("messages", asker=GUEST)
    assert limit_set(kind="messages", rates={"guest": Rate(5, 3600)}, user=user)
    limits.reread()
    assert limits.left("messages", GUEST).most == 5
    assert AuditEntry.objects.get().detail == {"from": "guest=1/h", "to": "guest=5/h"}
    # Back to the setting is no change any more; the same again is none.
    assert limit_set(kind="messages", rates={"guest": Rate(1, 3600)}, user=user)
    assert not LimitChange.objects.exists()
    assert not limit_set(kind="messages", rates={"guest": Rate(1, 3600)}, user=user)
    assert limit_set(kind="messages", rates={}, user=user)
    assert LimitChange.objects.get().text == "off"
    limits.reread()
    for _ in range(5):
        limits.enter("messages", asker=GUEST)


@pytest.mark.django_db
def test_no_limit_asks_nobody_who_they_are(settings):
    def never():
        raise AssertionError

    with limits.asking(never):
        for kind in limits.KINDS:
            limits.enter(kind)
            limits.pay(kind, 1e9)
