"""What a file is called is a word on a page and never a place on the disk, nor a kind of page.

NAMES sets how many names go through every form that takes a file; some with every test, five
hundred before a release.
"""

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memory_app.models import Corpus
from memory_app.services.training import corpora, import_checkpoint
from tests.views.dashboard.desk import BOUNDARY
from tests.views.dashboard.staff import GOOD, Staff, files_below

NAMES = int(os.environ.get("NAMES", "40"))
STEPS = ("../", "..\\", "..%2f", "%2e%2e/", "....//", "..;/", "\u2025/", "\uff0e\uff0e/", "./", "/")
ENDS = (
    "etc/passwd", "evil.jsonl", "page.html", "picture.svg", "CON", "a\0b.jsonl", "a\nb.jsonl",
    'a"; filename="x.html', "x" * 250, "x" * 5000, ".htaccess", "~root", "|id", "$(id)",
    "\u202egpj.exe", "\u2028", "-rf", "nul.csv", "C:\\boot.ini", "file:///etc/passwd",
)  # fmt: skip
FIELDS = ("model", "config", "tokenizer")
NAME_OF_OURS = re.compile(r"[0-9a-f-]{36}\.jsonl")


def names() -> Iterator[str]:
    """Every end after none, one or several of every step, mixed so that a few show all kinds."""
    every = [f"{step * count}{end}" for count in (1, 3, 12) for step in STEPS for end in ENDS]
    return itertools.islice(itertools.chain(ENDS, every[::7], every), NAMES)


def send(staff: Staff, path: str, files: dict[str, bytes], filename: str, **said: str) -> Any:
    """A form as a sender may write it: Django's own client would cut the name at its last slash."""
    escaped = filename.replace('"', "%22").replace("\n", "%0A")
    head = '--{0}\r\nContent-Disposition: form-data; name="{1}"'
    body = b""
    for name, value in said.items():
        body += f"{head.format(BOUNDARY, name)}\r\n\r\n{value}\r\n".encode()
    for name, data in files.items():
        body += f'{head.format(BOUNDARY, name)}; filename="{escaped}"\r\n'.encode()
        body += b"Content-Type: text/html\r\n\r\n" + data + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return staff.client.post(path, body, content_type=kind)


def upload(staff: Staff, data: bytes, filename: str, name: str) -> Any:
    said = {"name": name, "split": "train", "language": "en"}
    return send(staff, "/admin/corpora/", {"file": data}, filename, **said)


def outside(root: Path) -> set[Path]:
    """What lies beside DATA_DIR, where a name that got through might have put something."""
    return {path for path in files_below(root.parent) if root not in path.parents}


def test_a_corpus_lies_under_a_name_of_ours_whatever_it_was_called(
    staff: Staff, settings: Any, in_this_process: None
) -> None:
    before, taken = outside(settings.DATA_DIR), 0
    for number, name in enumerate(names()):
        answer = upload(staff, GOOD, name, f"talks {number}")
        # No name at all is no file; every other one is taken.
        assert answer.status_code in {302, 400}, name
        taken += answer.status_code == 302
    assert taken == Corpus.objects.count() > NAMES * 0.8
    lying = [path.name for path in files_below(settings.DATA_DIR / "corpora")]
    assert len(lying) == taken
    assert all(NAME_OF_OURS.fullmatch(name) for name in lying)
    assert not list(files_below(settings.DATA_DIR / "uploads"))
    assert outside(settings.DATA_DIR) == before


def test_a_stored_file_is_an_attachment_that_no_browser_renders(
    staff: Staff, settings: Any, in_this_process: None
) -> None:
    html = GOOD.replace(b"Hi", b"<script>alert(1)</script>")
    upload(staff, html, "../../page.html", "<svg onload=alert(1)>")
    corpus = Corpus.objects.get()
    answer = staff.client.get(f"/admin/corpora/{corpus.pk}/rows.jsonl")
    assert answer.status_code == 200
    disposition = answer["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="[a-z0-9.-]+\.jsonl"', disposition)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_checkpoints_files_are_told_by_their_fields_and_not_by_their_names(
    staff: Staff, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def look(folder: Path, archive: Path | None) -> Any:
        seen.append(sorted(path.name for path in folder.iterdir()))
        raise corpora.registry.CheckpointError("model.safetensors is damaged.")

    monkeypatch.setattr(import_checkpoint, "_check_confined", look)
    before = outside(settings.DATA_DIR)
    for name in names():
        files = dict.fromkeys(FIELDS, b"x")
        answer = send(staff, "/admin/checkpoints/import/", files, name)
        assert answer.status_code == 400, name
    assert len(seen) > NAMES * 0.8
    assert all(one == ["config.json", "model.safetensors", "tokenizer.json"] for one in seen)
    assert not list(files_below(settings.DATA_DIR / "uploads"))
    assert outside(settings.DATA_DIR) == before
