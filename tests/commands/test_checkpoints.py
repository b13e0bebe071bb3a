"""The registry from the command line: by id, sha256 or name."""

import pytest

from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.models import AuditEntry, Chat, Person


@pytest.fixture
def small(manage, checkpoint_folder):
    return manage("checkpoints", "import", checkpoint_folder, "--json").document["checkpoint"]


def test_an_imported_checkpoint_is_found_by_id_sha256_and_name(manage, small):
    listed = manage("checkpoints", "list", "--json").document["checkpoints"]
    assert small in listed
    for name in (small["id"], small["sha256"], small["name"]):
        shown = manage("checkpoints", "show", name, "--json").document["checkpoint"]
        assert shown["id"] == small["id"]
        assert shown["config"]["hidden_size"] == 16


def test_an_exported_folder_loads_and_has_the_same_hash(manage, small, tmp_path):
    assert manage("checkpoints", "export", "small", tmp_path / "out").status == 0
    assert load_checkpoint(tmp_path / "out").sha256 == small["sha256"]
    assert "empty folder" in manage("checkpoints", "export", "small", tmp_path / "out").mistake


def test_the_live_one_can_not_be_deleted_and_another_can(manage, small):
    assert manage("checkpoints", "promote", "small", "--json").document["checkpoint"]["live"]
    assert "live" in manage("checkpoints", "delete", "small").mistake


def test_one_that_a_chat_lives_on_stays(manage, small):
    Chat.objects.create(owner=Person.objects.create(), checkpoint_id=small["id"])
    assert "in use" in manage("checkpoints", "delete", small["id"]).mistake


def test_an_unused_one_is_deleted(manage, small):
    assert manage("checkpoints", "delete", small["sha256"], "--json").document["deleted"]
    assert small not in manage("checkpoints", "list", "--json").document["checkpoints"]


def test_a_mistake_is_one_line_and_with_json_one_document(manage, tmp_path):
    ran = manage("checkpoints", "show", "nobody", "--json")
    assert ran.document == {"error": ran.mistake}
    assert manage("checkpoints", "import", tmp_path).mistake
    assert "WHAT" in manage("checkpoints").mistake
    ran = manage("checkpoints", "show", "--json")
    assert ran.document == {"error": ran.mistake}
    assert "checkpoint" in ran.mistake


def test_imports_and_exports_are_in_the_audit_log(manage, small, checkpoint_folder, tmp_path):
    again = manage("checkpoints", "import", checkpoint_folder, "--name", "another")
    assert "already exist as small" in again.err
    assert "checkpoint name" in again.out
    manage("checkpoints", "export", "small", tmp_path / "out")
    done = list(AuditEntry.objects.order_by("id").values_list("username", "action"))
    assert done == [
        ("command line", "checkpoint.import"),
        ("command line", "checkpoint.import_known"),
        ("command line", "checkpoint.export"),
    ]
