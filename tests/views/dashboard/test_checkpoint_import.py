"""A checkpoint comes in as three files, and what is unsound of them is one sentence."""

import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from memory_app import registry
from memory_app.core.model.checkpoint_format import CheckpointError
from memory_app.core.model.checkpoint_zip import read_card
from memory_app.models import AuditEntry, Checkpoint
from memory_app.services.training import checkpoints
from memory_app.services.training.import_checkpoint import checkpoint_import
from tests.views.dashboard.staff import Staff, files_below, problem_of

pytestmark = pytest.mark.slow


def test_three_files_become_a_checkpoint(staff: Staff, checkpoint_folder: Path) -> None:
    response = staff.send_checkpoint(checkpoint_folder, name="mine")
    assert response["Location"] == "/admin/checkpoints/"
    row = Checkpoint.objects.get()
    assert (row.name, row.cell, row.live, row.bundled) == ("mine", "lstm", False, False)
    for name in registry.FILES:
        stored = registry.folder_of(row.sha256) / name
        assert stored.read_bytes() == (checkpoint_folder / name).read_bytes()
    entry = AuditEntry.objects.get(action="checkpoint.import")
    assert entry.detail["sha256"] == row.sha256


def test_the_same_weights_are_told_to_be_here(staff: Staff, checkpoint_folder: Path) -> None:
    staff.send_checkpoint(checkpoint_folder)
    assert Checkpoint.objects.get().name == "small"  # config.json's own
    again = staff.send_checkpoint(checkpoint_folder)
    assert again.status_code == 302
    assert Checkpoint.objects.count() == 1


def test_a_file_that_is_missing_is_named(staff: Staff, checkpoint_folder: Path, tmp_path) -> None:
    shutil.copytree(checkpoint_folder, tmp_path / "few")
    (tmp_path / "few" / "config.json").unlink()
    said = problem_of(staff.send_checkpoint(tmp_path / "few"))
    assert said == "Also choose config.json."
    assert list(files_below(registry.folder_of("x").parents[1])) == []


def test_a_script_is_told_where_to_go_in_json(staff: Staff, checkpoint_folder: Path) -> None:
    staff.client.defaults["HTTP_ACCEPT"] = "application/json"
    response = staff.send_checkpoint(checkpoint_folder)
    assert response.json() == {"to": "/admin/checkpoints/"}


def zipped(path: Path, files: dict[str, bytes], **kinds: int) -> Path:
    """A zip of these files; `kinds` are the file modes of some of them, by their last names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            about = zipfile.ZipInfo(name)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = kinds.get(name.rpartition("/")[2].partition(".")[0], 0o644) << 16
            archive.writestr(about, data)
    return path


def send_zip(staff: Staff, path: Path, **fields: str) -> Any:
    file = SimpleUploadedFile("mine.zip", path.read_bytes())
    return staff.client.post("/admin/checkpoints/import/", {"archive": file, **fields})


def test_what_is_exported_comes_in_again_with_its_name_and_its_card(
    staff: Staff, checkpoint_folder: Path, tmp_path: Path
) -> None:
    """As a zip by the browser and by the command, and as a folder."""
    row = registry.register(checkpoint_folder, name="Ana’s 模型 1/2")
    checkpoints.checkpoint_card(checkpoint=row, text="# Mine\n\n**kept** 👩‍💻", by=None)
    file, folder = tmp_path / "out.zip", tmp_path / "out"
    checkpoints.checkpoint_export_zip(checkpoint=row, path=file)
    registry.export(row, folder)
    with zipfile.ZipFile(file) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"Ana’s 模型 1-2"}

    def back(come_in: Callable[[], object]) -> Checkpoint:
        Checkpoint.objects.all().delete()
        come_in()
        return Checkpoint.objects.get()

    for come_in in (
        lambda: send_zip(staff, file),
        lambda: checkpoint_import(path=file),
        lambda: checkpoint_import(path=folder),
    ):
        again = back(come_in)
        assert (again.sha256, again.card) == (row.sha256, row.card)
    assert back(lambda: send_zip(staff, file, name="other")).name == "other"


def test_a_zip_without_a_name_in_its_config_is_named_by_its_folder(
    staff: Staff, checkpoint_folder: Path, tmp_path: Path
) -> None:
    files = {name: (checkpoint_folder / name).read_bytes() for name in registry.FILES}
    config = json.loads(files["config.json"])
    config.pop("name", None)
    files["config.json"] = json.dumps(config).encode()
    path = zipped(tmp_path / "z.zip", {f"called so/{name}": data for name, data in files.items()})
    assert send_zip(staff, path).status_code == 302
    assert Checkpoint.objects.get().name == "called so"


LINK = stat.S_IFLNK | 0o777
HOSTILE: dict[str, tuple[dict[str, bytes], dict[str, int], str]] = {
    "a path that climbs": ({"../../x/README.md": b"a"}, {}, "points outside"),
    "an absolute path": ({"/etc/README.md": b"a"}, {}, "points outside"),
    "a path of Windows": ({"a\\..\\README.md": b"a"}, {}, "points outside"),
    "a link": ({"README.md": b"/etc/passwd"}, {"README": LINK}, "link"),
    "a device": ({"README.md": b""}, {"README": stat.S_IFCHR | 0o666}, "link or a device"),
    "a zip in it": ({"more.zip": b"PK\x03\x04"}, {}, "not part of a checkpoint"),
    "code": ({"modeling.py": b"x"}, {}, "not part of a checkpoint"),
    "a card that is a bomb": ({"README.md": b"a" * (40 << 20)}, {}, "over 1 MiB"),
    "a card that is no text": ({"README.md": b"\xff\xfe"}, {}, "not a model card"),
    "two folders": ({"a/README.md": b"x"}, {}, "more than one folder"),
    "two cards": ({"README.md": b"x", "./README.md": b"y"}, {}, "twice"),
    "many files": ({f"__MACOSX/{n}": b"" for n in range(99)}, {}, "more than a checkpoint"),
    "a bomb": ({"config.json": b" " * (40 << 20)}, {}, "over 1 MiB"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_zip_is_refused_in_one_sentence(
    staff: Staff, checkpoint_folder: Path, tmp_path: Path, case: str
) -> None:
    more, kinds, words = HOSTILE[case]
    sound = {name: (checkpoint_folder / name).read_bytes() for name in registry.FILES}
    path = zipped(tmp_path / "z.zip", {**sound, **more}, **kinds)
    with pytest.raises(registry.RegistryError, match=words):
        checkpoint_import(path=path)
    if case in ("a link", "a bomb"):  # the same code in a process of its own
        assert words in problem_of(send_zip(staff, path))
    assert not Checkpoint.objects.exists()
    assert list(files_below(registry.folder_of("x").parents[1])) == []


def test_a_damaged_zip_and_one_without_weights_are_refused(
    staff: Staff, checkpoint_folder: Path, tmp_path: Path
) -> None:
    path = zipped(tmp_path / "z.zip", {"m/config.json": b"{}"})
    assert "lacks model.safetensors" in problem_of(send_zip(staff, path))
    path.unlink()
    files = {name: (checkpoint_folder / name).read_bytes() for name in registry.FILES}
    data = bytearray(zipped(path, files).read_bytes())
    data[200:4000] = bytes(3800)
    path.write_bytes(data)
    assert "damaged" in problem_of(send_zip(staff, path))
    path.write_bytes(data[:-30])
    assert "damaged" in problem_of(send_zip(staff, path))


def test_a_card_that_is_a_link_is_refused(checkpoint_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint_folder, tmp_path / "linked")
    (tmp_path / "linked" / "README.md").symlink_to("/etc/passwd")
    with pytest.raises(CheckpointError, match="not a regular file"):
        read_card(tmp_path / "linked")
