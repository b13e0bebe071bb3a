"""Training through a broker: a worker of its own, killed, and Celery's beat beside it.

RabbitMQ takes part where RABBITMQ_URL names one (amqp://…); Redis is started by the tests.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.processes.site import ROOT, Site
from tests.processes.test_run_kills import LAUNCH, SET, Rows

pytestmark = pytest.mark.services
BROKERS = ["redis", *(["rabbitmq"] if "RABBITMQ_URL" in os.environ else [])]
#: As compose.yaml starts it.
BEAT = ["--app=chatsite", "--quiet", "beat", "--scheduler=celery.beat:Scheduler", "--pidfile="]
CORPUS = """
User: My name is Ana.
Bot: Hello Ana!
User: What is my name?
Bot: You are Ana.

"""


class Trainer(Site):
    """A DATA_DIR whose messages lie in a broker; no site, only what trains."""

    broker = ""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"BROKER_URL": self.broker}

    def beside(self, *command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@pytest.fixture(params=BROKERS)
def trainer(request, tmp_path):
    trainer = Trainer(tmp_path / "data")
    trainer.broker = (
        request.getfixturevalue("redis") if request.param == "redis" else os.environ["RABBITMQ_URL"]
    )
    (tmp_path / "few.txt").write_text(CORPUS * 20)
    taken = trainer.manage("import_corpus", tmp_path / "few.txt", "--name", "few")
    assert taken.returncode == 0, taken.stderr
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> subprocess.Popen[bytes]:
        started.append(trainer.beside(*command))
        return started[-1]

    yield trainer, start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def launch(trainer: Trainer, name: str, *, told: bool = True) -> str:
    code = LAUNCH.format(changes=SET, name=name)
    if not told:
        code = code.replace("name=", "enqueue=False, name=")
    made = trainer.manage("shell", "-v0", "-c", code)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]


def test_a_run_comes_through_the_broker_outlives_its_worker_and_beat_finds_what_was_lost(trainer):
    trainer, start = trainer
    rows = Rows(trainer)

    def wait(pk: str, until) -> None:
        end = time.monotonic() + 180
        while not until(rows.run(pk)):
            assert time.monotonic() < end, trainer.log.read_text()[-3000:]
            time.sleep(0.05)

    worker = start("manage.py", "worker")
    first = launch(trainer, "told")
    assert not (trainer.data_dir / "broker").exists()
    wait(first, lambda run: run[1] > 0)
    worker.kill()
    worker.wait()
    second = start("manage.py", "worker")
    wait(first, lambda run: run[0] == "finished")
    assert rows.run(first)[2] == 2
    # A message that never came: beat has the row looked for.
    lost = launch(trainer, "never told", told=False)
    beat = start("-m", "celery", *BEAT)
    wait(lost, lambda run: run[0] == "finished")
    assert rows.run(lost)[3] == rows.run(first)[3]  # the same settings, the same weights
    for process in (beat, second):
        process.terminate()
        assert process.wait(60) in {0, -signal.SIGTERM}
    assert not list(ROOT.glob("celerybeat*"))
