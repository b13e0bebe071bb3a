"""Sixty files that make a file when anything unpickles them, through every form that takes one.

The reading that a process of its own does is done here, in the test's, so that nothing is missed.
"""

import gzip
import lzma
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from django.core.files.uploadedfile import SimpleUploadedFile

from memory_app.core.model.checkpoint_format import FILES, check_folder
from memory_app.models import Chat, Checkpoint, Corpus
from memory_app.services.training import import_checkpoint
from tests.views.dashboard.hostile import GOOD, Canary, tarred, zipped
from tests.views.dashboard.staff import Staff, problem_of

pytestmark = pytest.mark.slow

FIELDS = dict(zip(("model", "config", "tokenizer"), FILES, strict=True))
NPY = b"\x93NUMPY\x01\x00" + struct.pack("<H", 54)
NPY += b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"


def dressed(canary: Path) -> Iterator[tuple[str, bytes]]:
    """(what it is called, what it holds), for each protocol of pickle in each of ten dresses."""
    for protocol in range(6):
        evil = pickle.dumps(Canary(canary), protocol)
        yield f"{protocol}.pkl", evil
        yield f"{protocol}.jsonl", evil
        yield f"{protocol}.pt", zipped(("archive/data.pkl", evil), ("archive/version", b"3"))
        yield f"{protocol}.pt2", zipped(("archive/data/weights/a.pt", evil), ("version", b"1"))
        yield f"{protocol}.zip", zipped(("in.zip", zipped(("archive/data.pkl", evil))))
        yield f"{protocol}.npy", NPY + evil
        yield f"{protocol}.npz", zipped(("x.npy", NPY + evil))
        yield f"{protocol}.tar", tarred("data.pkl", evil)
        yield f"{protocol}.gz", gzip.compress(evil)
        packed = lzma.compress(evil) if protocol % 2 else zstandard.compress(evil)
        yield f"{protocol}.safetensors", packed


@pytest.fixture
def here(in_this_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus and a checkpoint are both read in this process."""
    monkeypatch.setattr(
        import_checkpoint, "_check_confined", lambda folder, archive: (check_folder(folder), "")
    )


def test_the_canary_sings(tmp_path: Path) -> None:
    for protocol in range(6):
        canary = tmp_path / str(protocol)
        pickle.loads(pickle.dumps(Canary(canary), protocol))
        assert canary.exists()


def test_none_of_sixty_is_opened_by_any_form(
    staff: Staff, here: None, tmp_path: Path, checkpoint_folder: Path
) -> None:
    canary = tmp_path / "canary"
    sound = {field: (checkpoint_folder / name).read_bytes() for field, name in FIELDS.items()}
    files = list(dressed(canary))
    assert len(files) == len(dict(files)) == 60
    for name, data in files:
        problem_of(staff.upload(data, name))
        for field in FIELDS:
            parts = {**sound, field: data}
            sent = {one: SimpleUploadedFile(name, part) for one, part in parts.items()}
            problem_of(staff.client.post("/admin/checkpoints/import/", sent))
        answer = staff.client.post("/chats/import/", {"file": SimpleUploadedFile(name, data)})
        assert answer.status_code == 400
        assert not canary.exists(), name
    assert not Corpus.objects.exists()
    assert not Checkpoint.objects.exists()
    assert not Chat.objects.exists()
    # The forms do take what is sound.
    assert staff.upload(GOOD).status_code == 302
