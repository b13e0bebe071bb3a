"""The queue on disk: nobody reads half a message, and a damaged one ends nobody."""

import errno
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from kombu import Connection, Exchange, Producer, Queue
from kombu.exceptions import ChannelError

from chatsite.filesystem_broker import Transport

FOLDERS = ("messages", "processed", "control")
JOBS = Queue("jobs", Exchange("jobs"), "jobs")


@pytest.fixture
def broker(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    restart()
    return tmp_path


def restart() -> None:
    """What a process has bound it knows until its end; a new one knows nothing."""
    Transport.global_state.clear()


def connect(folder: Path) -> Connection:
    messages = str(folder / "messages")
    return Connection(
        "filesystem://localhost/",
        transport=Transport,
        transport_options={
            "data_folder_in": messages,
            "data_folder_out": messages,
            "processed_folder": str(folder / "processed"),
            "control_folder": str(folder / "control"),
        },
    )


@pytest.fixture
def connection(broker: Path) -> Iterator[Connection]:
    with connect(broker) as connection:
        yield connection


def send(connection: Connection, *bodies: object) -> None:
    producer = Producer(connection, auto_declare=False)
    for body in bodies:
        producer.publish(body, exchange=JOBS.exchange, routing_key="jobs", declare=[JOBS])


def take(connection: Connection) -> list[object]:
    """Everything that waits."""
    queue = JOBS(connection.default_channel)
    queue.declare()
    taken = []
    while (message := queue.get(no_ack=True)) is not None:
        taken.append(message.payload)
    return taken


def files(folder: Path, name: str = "messages") -> list[str]:
    return sorted(path.name for path in (folder / name).iterdir())


def test_the_site_uses_it_where_there_is_no_broker() -> None:
    assert settings.CELERY_BROKER_TRANSPORT == "chatsite.filesystem_broker:Transport"
    with current_app.connection_for_write() as connection:
        assert isinstance(connection.transport, Transport)


def test_messages_come_in_their_order_and_leave_nothing(
    connection: Connection, broker: Path
) -> None:
    send(connection, *range(5))
    assert sorted(take(connection)) == list(range(5))  # type: ignore[type-var]
    assert files(broker) == files(broker, "processed") == []


def test_a_message_is_for_the_site_alone(connection: Connection, broker: Path) -> None:
    send(connection, "secret")
    modes = {path.stat().st_mode & 0o777 for path in (broker / "messages").iterdir()}
    assert modes == {0o600}


def test_a_message_that_can_not_be_written_leaves_nothing_half(
    connection: Connection, broker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(connection, "first")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(ChannelError, match="No space"):
            send(connection, "second")
    assert len(files(broker)) == 1
    assert take(connection) == ["first"]


def test_what_a_killed_writer_left_is_nobodys_message(connection: Connection, broker: Path) -> None:
    (broker / "messages/.0f3c.part").write_text('{"body": "')
    send(connection, "whole")
    assert take(connection) == ["whole"]


DAMAGED = {
    "empty": b"",
    "half": b'{"body": "W1tdLCB7fSwge30=", "headers": {',
    "not UTF-8": b'{"body": "\xff\xfe"}',
    "no message": b"{}",
    "a number": b"5",
    "no properties": b'{"body": "", "headers": {}, "properties": {}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_message_is_dropped_and_the_next_one_taken(
    connection: Connection, broker: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    (broker / "messages/0_first.jobs.msg").write_bytes(DAMAGED[damage])
    send(connection, "whole")
    with caplog.at_level(logging.WARNING, "chatsite.filesystem_broker"):
        assert take(connection) == ["whole"]
    assert "damaged" in caplog.text
    assert files(broker) == files(broker, "processed") == []


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_table_of_who_listens_is_made_anew(broker: Path, damage: str) -> None:
    news = Exchange("news", "fanout")
    queue = Queue("listener", news)
    with connect(broker) as first:
        queue(first.default_channel).declare()
        table = broker / "control/news.exchange"
        assert table.is_file()
        table.write_bytes(DAMAGED[damage])
        # Who has bound the queue itself still knows of it.
        Producer(first).publish("first", exchange=news, declare=[news])
    restart()
    with connect(broker) as second:
        # Nobody is known to listen, which is no fault; whoever starts says so again.
        Producer(second).publish("lost", exchange=news, declare=[news])
        bound = queue(second.default_channel)
        bound.declare()
        assert [row.queue for row in second.default_channel.get_table("news")] == ["listener"]
        Producer(second).publish("second", exchange=news, declare=[news])
        heard = [bound.get(no_ack=True).payload for _ in range(2)]
        assert sorted(heard) == ["first", "second"]
        assert bound.get(no_ack=True) is None


def test_a_table_forgets_who_left(connection: Connection, broker: Path) -> None:
    channel = connection.default_channel
    rooms = [Queue(name, Exchange("news", "fanout"))(channel) for name in ("a", "b")]
    for room in rooms:
        room.declare()
        room.declare()
    assert {row.queue for row in channel.get_table("news")} == {"a", "b"}
    rooms[0].delete()
    assert {row.queue for row in channel.get_table("news")} == {"b"}


def test_each_of_many_messages_is_read_whole_and_once(broker: Path) -> None:
    """Two write and two read at once; messages are long enough to be written in several pieces."""
    each, faults, taken = 60, [], []
    done = threading.Event()

    def write(who: str) -> None:
        with connect(broker) as connection:
            send(connection, *(f"{who}{number} {'x' * 100_000}" for number in range(each)))

    def read() -> None:
        try:
            with connect(broker) as connection:
                while True:
                    last = done.is_set()
                    taken.extend(str(body).split()[0] for body in take(connection))
                    if last:
                        return
        except Exception as fault:
            faults.append(fault)

    writers = [threading.Thread(target=write, args=(who,)) for who in "ab"]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert faults == []
    assert sorted(taken) == sorted(f"{who}{number}" for who in "ab" for number in range(each))
