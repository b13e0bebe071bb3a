"""A file or folder is there whole or not at all, and nothing half written stays behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from memory_app.core.atomic_files import remove_folder, whole_file, whole_folder


def test_a_file_takes_the_place_of_the_old_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "save"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["save"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "save"
    path.write_bytes(b"old")

    def fail() -> None:
        with whole_file(path) as file:
            file.write(b"ne")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["save"]


def test_what_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"

    def race() -> None:
        with whole_file(path, over=False) as file:
            file.write(b"mine")
            path.write_bytes(b"another's")

    with pytest.raises(FileExistsError):
        race()
    assert path.read_bytes() == b"another's"
    assert os.listdir(tmp_path) == ["key"]


def test_a_part_left_by_a_killed_process_is_written_anew(tmp_path: Path) -> None:
    part = tmp_path / ".save.part"
    part.write_bytes(b"much longer than what comes")
    with whole_file(tmp_path / "save", part=part) as file:
        file.write(b"short")
    assert (tmp_path / "save").read_bytes() == b"short"
    assert os.listdir(tmp_path) == ["save"]


def test_a_folder_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"

    def die() -> None:
        with whole_folder(path) as folder:
            (folder / "model").write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        die()
    assert os.listdir(tmp_path) == []
    with whole_folder(path) as folder:
        (folder / "model").write_bytes(b"whole")
        assert not path.exists()
    assert (path / "model").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    path.mkdir()
    (path / "model").write_bytes(b"first")
    with pytest.raises(OSError, match="checkpoint"), whole_folder(path) as folder:
        (folder / "model").write_bytes(b"second")
    assert (path / "model").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_a_folder_that_is_removed_loses_its_name_before_its_first_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint"
    path.mkdir()
    (path / "config.json").write_bytes(b"{}")
    seen: list[list[str]] = []
    monkeypatch.setattr(
        "memory_app.core.atomic_files.shutil.rmtree",
        lambda folder, **_: seen.append([folder.name[:12], *os.listdir(tmp_path)]),
    )
    remove_folder(path)
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".checkpoint.")
    assert seen == [[".checkpoint.", left]]
    remove_folder(path)
    assert os.listdir(tmp_path) == [left]
