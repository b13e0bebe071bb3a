"""An outage in the log: a line as it begins, one a minute, one at its end, and no traceback."""

import logging

import pytest
from django.db import OperationalError

from memory_app import outage_log, outages, policy, tasks
from memory_app.outage_log import OutageLog

AWAY = OperationalError("connection refused")


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(outage_log.time, "monotonic", lambda: now[0])
    return now


def events(caplog) -> list[str]:
    assert not any(record.exc_info for record in caplog.records)
    said = [record.getMessage() for record in caplog.records if record.name == outage_log.__name__]
    caplog.clear()
    return said


def test_an_outage_is_a_line_when_it_begins_one_a_minute_and_a_line_at_its_end(clock, caplog):
    outage = OutageLog()
    outage.answered()
    for second in range(150):
        clock[0] = 1000 + second
        assert outage.failed(AWAY, at="heartbeat")
        assert outage.failed(AWAY, at="/chats/")
    records = [record for record in caplog.records if record.name == outage_log.__name__]
    assert [record.failures for record in records] == [1, 120, 120]
    assert {record.reason for record in records} == {"database away"}
    assert events(caplog) == ["an outage began", "an outage goes on", "an outage goes on"]
    outage.answered()
    outage.answered()
    assert events(caplog) == ["the outage is over"]
    clock[0] += 30
    outage.failed(AWAY, at="heartbeat")
    assert events(caplog) == ["an outage began"]


def test_a_database_that_comes_and_goes_is_one_line_a_minute(clock, caplog):
    outage = OutageLog()
    for second in range(58):
        clock[0] = 1000 + second
        outage.failed(AWAY, at="heartbeat")
        outage.answered()
    assert events(caplog) == ["an outage began", "the outage is over"]


def test_a_full_disk_is_over_when_there_is_room_and_not_when_a_heartbeat_fits(
    clock, caplog, monkeypatch
):
    outage = OutageLog()
    monkeypatch.setattr(outages, "LEAST", 1 << 70)
    outage.failed(AWAY, at="commit of a turn")
    outage.answered()
    assert [record.reason for record in caplog.records] == ["disk full"]
    assert events(caplog) == ["an outage began"]
    monkeypatch.undo()
    outage.answered()
    assert events(caplog) == ["the outage is over"]


def test_a_fault_of_ours_is_no_outage(caplog):
    assert not OutageLog().failed(ValueError("a fault of ours"), at="message")
    assert events(caplog) == []


def test_a_task_ends_quietly_in_an_outage_and_loudly_of_a_fault(monkeypatch, caplog):
    fault: list[Exception] = [AWAY]

    def broken() -> None:
        raise fault[0]

    monkeypatch.setattr(policy, "row_of", lambda kind, name: None)
    monkeypatch.setattr(tasks, "runs_recover", broken)
    monkeypatch.setattr(tasks.outage_log, "failed", OutageLog().failed)
    with caplog.at_level(logging.INFO):
        for _second in range(3):
            tasks.recover.apply(throw=True)
    assert events(caplog) == ["an outage began"]
    fault[0] = ValueError("a fault of ours")
    with pytest.raises(ValueError, match="a fault of ours"):
        tasks.recover.apply(throw=True)
