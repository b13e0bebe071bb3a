"""`manage.py up`: everything under one supervisor, and nothing of it left behind."""

import os
import signal
import time

import pytest

from tests.processes.site import Site, gone, until

pytestmark = [
    pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc"),
    pytest.mark.slow,
]


def test_up_serves_supervises_and_leaves_nothing_behind(site):
    """One start for all that can be seen of it: a start takes seconds."""
    site.start()
    site.wait_until(200)
    assert {name for name, part in site.parts().items() if part["ok"]} >= {
        *("database", "checkpoint", "engine", "worker"),
    }
    assert site.get("/")[0] == 200

    # The address, and how to make a staff user, are said once the site is ready.
    until(lambda: "createsuperuser" in site.out.read_text())
    assert f"http://localhost:{site.port}/" in site.out.read_text()

    # The port is taken: one sentence, before anything is touched.
    other = Site(site.data_dir.parent / "other", port=site.port)
    second = other.manage("up")
    assert second.returncode == 1
    assert second.stderr.strip().count("\n") == 0
    assert "taken" in second.stderr
    assert not list(other.data_dir.glob("*.sqlite3"))

    # A worker that dies is started again.
    worker = site.worker()
    os.kill(worker, signal.SIGKILL)
    until(lambda: site.worker() not in {None, worker})

    tree = site.tree()
    assert site.end(signal.SIGINT) == 0
    assert gone(tree, within=1)
    assert "Traceback" not in site.log.read_text()

    # A second start, ended at once by SIGTERM, while it is still setting up.
    site.start()
    time.sleep(3)
    tree = site.tree()
    assert site.end(signal.SIGTERM) == 0
    assert gone(tree, within=1)
    assert "Traceback" not in site.log.read_text()


def test_the_worker_dies_with_a_parent_that_was_killed(site):
    site.start()
    site.wait_until(200)
    worker = site.worker()
    site.process.kill()
    site.process.wait()
    assert gone([worker], within=20)


def test_it_finds_itself_ready_on_another_address_and_under_a_name_behind_tls(site, monkeypatch):
    environment = site.environment
    environment |= {"HOST": "127.0.0.2", "SITE_ORIGINS": "https://chat.example.org"}
    monkeypatch.setattr(Site, "environment", environment)
    site.start()
    until(lambda: "is ready: https://chat.example.org/" in site.out.read_text(), within=120)
    assert site.end() == 0
