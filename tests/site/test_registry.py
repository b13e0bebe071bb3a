"""Rows, files and the sha256 that ties them."""

import shutil

import pytest

from memory_app import registry
from memory_app.models import Chat, Checkpoint
from tests.conftest import make_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other(tmp_path):
    make_checkpoint(tmp_path / "other", seed=2)
    return registry.register(tmp_path / "other")


def test_registering_copies_the_files_and_names_the_row(checkpoint, checkpoint_folder):
    target = registry.folder_of(checkpoint.sha256)
    for name in registry.FILES:
        assert (target / name).read_bytes() == (checkpoint_folder / name).read_bytes()
    assert (checkpoint.name, checkpoint.cell, checkpoint.language) == ("small", "lstm", "en")
    assert registry.register(checkpoint_folder).pk == checkpoint.pk
    assert Checkpoint.objects.count() == 1


def test_a_folder_that_is_no_checkpoint_is_told_in_one_sentence(checkpoint_folder, tmp_path, db):
    for name in registry.FILES:
        folder = tmp_path / f"without-{name}"
        shutil.copytree(checkpoint_folder, folder)
        (folder / name).unlink()
        with pytest.raises(registry.RegistryError, match=r"^[^\n]+\.$"):
            registry.register(folder)
    assert not Checkpoint.objects.exists()


def test_one_checkpoint_of_a_language_is_live(checkpoint, other):
    assert registry.live("en") == checkpoint
    registry.promote(other)
    assert registry.live("en") == other
    assert Checkpoint.objects.filter(live=True).count() == 1
    assert registry.live("zh-hans") == other  # for want of a Chinese one


def test_a_cell_for_study_is_not_promoted(checkpoint, tmp_path):
    make_checkpoint(tmp_path / "study", cell="article_lstm")
    study = registry.register(tmp_path / "study")
    with pytest.raises(registry.RegistryError, match="lstm"):
        registry.promote(study)
    assert registry.live() == checkpoint


def test_a_checkpoint_is_found_by_id_sha256_and_name(checkpoint, other):
    for name in (str(other.pk), other.sha256, "other"):
        assert registry.find(name) == other
    for name in ("nobody", "0" * 64, "7b0c9a52-6c1a-4f4e-9d43-1f3f3c9b1a11", ""):
        with pytest.raises(registry.RegistryError):
            registry.find(name)
    Checkpoint.objects.update(name="twin")
    with pytest.raises(registry.RegistryError, match="id"):
        registry.find("twin")


def test_what_is_live_or_in_use_or_bundled_is_not_deleted(alice, checkpoint, other):
    with pytest.raises(registry.RegistryError, match="live"):
        registry.delete(checkpoint)
    chat = Chat.objects.create(owner=alice.person, checkpoint=other)
    with pytest.raises(registry.RegistryError, match="Chats on it: 1"):
        registry.delete(other)
    assert registry.folder_of(other.sha256).is_dir()
    chat.delete()
    Checkpoint.objects.filter(pk=other.pk).update(bundled=True)
    with pytest.raises(registry.RegistryError, match="ships"):
        registry.delete(Checkpoint.objects.get(pk=other.pk))
    registry.delete(other)
    assert not registry.folder_of(other.sha256).exists()


def test_an_exported_checkpoint_can_be_imported_again(checkpoint, other, tmp_path):
    target = tmp_path / "out" / "deep"
    registry.export(other, target)
    sha256 = other.sha256
    registry.delete(other)
    assert registry.register(target).sha256 == sha256
    with pytest.raises(registry.RegistryError, match="empty"):
        registry.export(checkpoint, target)
    empty = tmp_path / "empty"
    empty.mkdir()
    registry.export(checkpoint, empty)
    assert sorted(path.name for path in empty.iterdir()) == sorted([*registry.FILES, "README.md"])


def test_damaged_files_are_not_exported(other, tmp_path):
    file = registry.folder_of(other.sha256) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(registry.RegistryError, match="damaged"):
        registry.export(other, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bundled_checkpoints_are_registered_and_an_upgrade_keeps_the_old_ones(
    alice, tmp_path, monkeypatch, transactional_db
):
    monkeypatch.setattr(registry, "BUNDLED", tmp_path)
    make_checkpoint(tmp_path / "en", seed=3)
    (old,) = registry.register_bundled()
    assert old.bundled
    assert registry.live() == old
    assert registry.register_bundled() == [old]
    Chat.objects.create(owner=alice.person, checkpoint=old)
    shutil.rmtree(tmp_path / "en")
    make_checkpoint(tmp_path / "en", seed=4)
    (new,) = registry.register_bundled()
    assert registry.live() == new
    assert registry.folder_of(old.sha256).is_dir()


def test_a_model_imported_by_hand_is_bundled_once_it_ships(tmp_path, monkeypatch, transactional_db):
    make_checkpoint(tmp_path / "bundled" / "en", seed=6)
    by_hand = registry.register(tmp_path / "bundled" / "en")
    assert not by_hand.bundled
    monkeypatch.setattr(registry, "BUNDLED", tmp_path / "bundled")
    assert registry.register_bundled() == [by_hand]
    assert Checkpoint.objects.get().bundled


def test_an_upgrade_leaves_the_checkpoint_that_a_person_promoted(other, tmp_path, monkeypatch):
    registry.promote(other)
    monkeypatch.setattr(registry, "BUNDLED", tmp_path / "bundled")
    make_checkpoint(tmp_path / "bundled" / "en", seed=5)
    registry.register_bundled()
    assert registry.live() == other


def test_nothing_bundled_is_no_fault(tmp_path, monkeypatch, transactional_db):
    monkeypatch.setattr(registry, "BUNDLED", tmp_path / "nothing")
    assert registry.register_bundled() == []
    assert registry.live() is None


def test_what_ships_has_a_card(tmp_path, monkeypatch, transactional_db):
    monkeypatch.setattr(registry, "BUNDLED", tmp_path / "bundled")
    make_checkpoint(tmp_path / "bundled" / "en", seed=4)
    (row,) = registry.register_bundled()
    assert row.sha256 in Checkpoint.objects.get(pk=row.pk).card
    Checkpoint.objects.filter(pk=row.pk).update(card="A person's own words.")
    (row,) = registry.register_bundled()
    assert Checkpoint.objects.get(pk=row.pk).card == "A person's own words."
