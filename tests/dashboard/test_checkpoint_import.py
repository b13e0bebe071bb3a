"""A checkpoint comes in as three files, and what is unsound of them is one sentence."""

import shutil
from pathlib import Path

from memory_app import registry
from memory_app.models import AuditEntry, Checkpoint
from tests.dashboard.staff import Staff, files_below, problem_of


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
    assert said == "config.json must be sent too."
    assert list(files_below(registry.folder_of("x").parents[1])) == []


def test_a_script_is_told_where_to_go_in_json(staff: Staff, checkpoint_folder: Path) -> None:
    staff.client.defaults["HTTP_ACCEPT"] = "application/json"
    response = staff.send_checkpoint(checkpoint_folder)
    assert response.json() == {"to": "/admin/checkpoints/"}
