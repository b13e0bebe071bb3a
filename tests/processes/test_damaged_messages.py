"""Half a message in the broker's folder: the worker passes over it and goes on."""

import os

import pytest

from tests.processes.site import Site, until

pytestmark = [
    pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc"),
    pytest.mark.slow,
]


def test_a_worker_that_finds_half_a_message_lives_on(site: Site) -> None:
    site.start()
    site.wait_until(200)
    worker = site.worker()
    broker = site.data_dir / "broker"
    for table in (broker / "control").glob("*.exchange"):
        table.write_bytes(table.read_bytes()[:-3])
    half = broker / "messages" / "0_half.celery.msg"
    half.write_text('{"body": "W1tdLCB7fS", "headers": {"task": "memory_app.tasks.recover"')
    until(lambda: not half.exists())
    until(lambda: "damaged file of the broker" in site.log.read_text())
    # Whatever comes after it is taken.
    after = broker / "messages" / "1_after.celery.msg"
    after.write_text("")
    until(lambda: not after.exists())
    assert site.worker() == worker
    assert site.get("/readyz")[0] == 200
    assert site.end() == 0
    assert "Traceback" not in site.log.read_text()
