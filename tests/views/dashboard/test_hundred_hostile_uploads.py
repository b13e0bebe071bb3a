"""Done-when 3 of the dashboard: a hundred hostile uploads to a running site, refused one by one.

Each ends in one clear sentence and leaves nothing; nothing is unpickled; no traceback is logged;
and the web process grows by less than 50 MB over all of them, at its peak too.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.site import Site
from tests.views.dashboard import hostile
from tests.views.dashboard.desk import BOUNDARY, Desk, sentence_of
from tests.views.dashboard.staff import files_below

CORPORA, CHECKPOINTS = "/admin/corpora/", "/admin/checkpoints/import/"
ABOUT = {"name": "talks", "split": "train", "language": "en", "licence": "", "attribution": ""}
PARTS = {"model": hostile.MODEL, "config": hostile.CONFIG, "tokenizer": hostile.TOKENIZER}
PREPARE = """
from pathlib import Path
from django.contrib.auth.models import User
from memory_app import registry
from memory_app.management.base import prepare_database
prepare_database()
registry.promote(registry.register(Path({folder!r})))
User.objects.create_superuser("dora", password="dora-pass-word")
"""

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc"),
    pytest.mark.slow,
]


def memory(pid: int, what: str) -> float:
    """A process's memory in MB: VmRSS is now, VmHWM the most since the mark was reset."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


@pytest.fixture
def site(tmp_path: Path, checkpoint_folder: Path, monkeypatch) -> Iterator[Site]:
    monkeypatch.setenv("UPLOAD_MAX_MB", "64")
    monkeypatch.setenv("CORPUS_MAX_MB", "256")
    site = Site(tmp_path / "data")
    made = site.manage("shell", "-v0", "-c", PREPARE.format(folder=str(checkpoint_folder)))
    assert made.returncode == 0, made.stderr
    site.start()
    site.wait_until(200, "/healthz")
    yield site
    site.kill_all()


def endless(start: list[bytes], total: int) -> Iterator[bytes]:
    """A form whose file is one line of `total` bytes, made while it is sent."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    yield from [*start, head.encode()]
    piece = b"a" * hostile.MIB
    for _ in range(total // len(piece)):
        yield piece


def test_a_hundred_hostile_uploads(site: Site, checkpoint_folder: Path, tmp_path: Path) -> None:
    assert site.process is not None
    pid, canary = site.process.pid, tmp_path / "canary"
    desk = Desk(site.port, "dora", "dora-pass-word")
    answers: dict[str, tuple[int, str]] = {}
    sound = {name: (checkpoint_folder / name).read_bytes() for name in PARTS.values()}

    def send_corpus(one: hostile.Corpus) -> tuple[int, str]:
        # A name of its own each: one that was taken by mistake would make the rest fail by name.
        said = ABOUT | {"name": f"talks {len(answers)}"} | one.fields
        return desk.send(CORPORA, said, {"file": (one.filename, one.data)})

    def send_checkpoint(files: hostile.Files) -> tuple[int, str]:
        parts = {part: (name, files[name]) for part, name in PARTS.items()}
        return desk.send(CHECKPOINTS, {}, parts)

    # What is sound is taken: so a refusal below is of the harm and of nothing else.
    assert send_corpus(hostile.Corpus(hostile.GOOD, fields={"name": "sound"}))[0] == 302
    assert send_checkpoint(sound)[0] == 302
    before = sorted(files_below(site.data_dir / "corpora"))
    kept = sorted(files_below(site.data_dir / "checkpoints"))
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    rest, logged = memory(pid, "VmRSS"), site.log.stat().st_size

    corpora = hostile.corpora(canary)
    for name in list(corpora):
        answers[name] = send_corpus(corpora.pop(name))
    checkpoints = hostile.checkpoints(sound, canary)
    for name in list(checkpoints):
        answers[name] = send_checkpoint(checkpoints.pop(name))
    multipart = f"multipart/form-data; boundary={BOUNDARY}"
    form = desk.form(ABOUT)
    answers["ten gigabytes, as declared"] = desk.post(CORPORA, form, multipart, 10**10)
    answers["a length of 10^30"] = desk.post(CORPORA, form, multipart, 10**30)
    answers["a line of 2 GB, in chunks"] = desk.post(CORPORA, endless(form, 2 << 30), multipart)
    answers["a line of 2 GB, declared"] = desk.post(
        CORPORA, endless(form, 2 << 30), multipart, 2 << 30
    )
    answers["a form cut short"] = desk.post(CORPORA, form, multipart)
    answers["a form without a boundary"] = desk.post(CORPORA, form, "multipart/form-data")

    assert len(answers) >= 100
    faults = {}
    for name, (status, page) in answers.items():
        sentence = sentence_of(status, page)
        clear = 20 <= len(sentence) <= 300 and sentence.endswith(".") and "\n" not in sentence
        if status not in {400, 413} or not clear or "Traceback" in page:
            faults[name] = (status, sentence or page[:200])
    assert faults == {}
    for name in ("ten gigabytes, as declared", "a line of 2 GB, in chunks"):
        assert answers[name][0] == 413

    assert not canary.exists()
    assert sorted(files_below(site.data_dir / "corpora")) == before
    assert sorted(files_below(site.data_dir / "checkpoints")) == kept
    assert list(files_below(site.data_dir / "uploads")) == []
    with site.log.open() as log:
        log.seek(logged)
        said = log.read()
    events = [json.loads(line) for line in said.splitlines()]
    assert [event for event in events if event["level"] == "error" or "traceback" in event] == []
    assert site.get("/healthz")[0] == 200
    # Six gigabytes would have been on the disk by now.
    assert sum(path.stat().st_size for path in files_below(site.data_dir)) < 64 * hostile.MIB
    grown = memory(pid, "VmRSS") - rest
    peak = memory(pid, "VmHWM") - rest
    print(f"{len(answers)} hostile uploads: {grown:.1f} MB more, {peak:.1f} MB at the peak")
    assert grown < 50
    assert peak < 50
