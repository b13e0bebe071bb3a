"""What is wrong with a form is said at its fields, which are marked; what was typed stays."""

import re
from pathlib import Path

from django.test import Client
from django.urls import reverse

from memory_app.models import Checkpoint, Corpus
from tests.views.dashboard.staff import GOOD, Staff


def wrong_fields(page: str) -> dict[str, str]:
    """{id: sentence} of the fields that are marked, each by the text that it is described by."""
    said = {}
    for tag in re.findall(r'<(?:input|select|textarea)[^>]*aria-invalid="true"[^>]*>', page):
        name = re.search(r' id="([^"]*)"', tag)
        told = re.search(r'aria-describedby="(error-[\w-]*|form-problem)', tag)
        assert name is not None, tag
        assert told is not None, tag
        [sentence] = re.findall(rf'id="{told[1]}"[^>]*>(?:<ul[^>]*><li>)?([^<]*)<', page)
        said[name[1]] = sentence
    return said


def test_all_that_is_wrong_with_a_corpus_is_said_at_once(staff: Staff) -> None:
    page = staff.upload(
        GOOD, split="other", language="fr", valid_share="77", licence="x" * 201, attribution="a\nb"
    ).content.decode()
    assert list(wrong_fields(page)) == [
        "split",
        "valid_share",
        "language",
        "licence",
        "attribution",
    ]
    assert 'value="77"' in page
    assert f'value="{"x" * 201}"' in page
    for field in wrong_fields(page):
        assert f'<a href="#{field}">' in page
    assert not Corpus.objects.exists()


def test_a_corpus_without_a_file_and_with_a_name_that_is_taken(staff: Staff) -> None:
    staff.upload(GOOD)
    said = {"name": "talks", "split": "train", "language": "en"}
    page = staff.client.post("/admin/corpora/", said).content.decode()
    assert wrong_fields(page) == {
        "file": "Choose a file first.",
        "name": "The corpus “talks” already has the split train.",
    }


def test_a_file_that_can_not_be_read_is_marked_with_the_rows_it_was_refused(staff: Staff) -> None:
    page = staff.upload(b'{"turns": []}\n[1]\n').content.decode()
    assert "all of them were refused" in wrong_fields(page)["file"]
    assert "1 row, line 2" in page
    assert 'id="refusals"' in page


def test_a_checkpoints_files_are_marked_one_by_one(staff: Staff, checkpoint_folder: Path) -> None:
    url = reverse("admin:checkpoint_import")
    page = staff.client.post(url, {"name": "mine"}).content.decode()
    assert list(wrong_fields(page)) == ["archive"]
    assert 'value="mine"' in page

    with (checkpoint_folder / "config.json").open("rb") as config:
        page = staff.client.post(url, {"config": config}).content.decode()
    assert wrong_fields(page) == {
        "model": "Also choose model.safetensors.",
        "tokenizer": "Also choose tokenizer.json.",
    }
    assert "<details open>" in page

    page = staff.send_checkpoint(checkpoint_folder, name="a\nb").content.decode()
    assert list(wrong_fields(page)) == ["name"]


def test_a_file_of_a_checkpoint_that_is_damaged_is_the_marked_one(
    staff: Staff, checkpoint_folder: Path, tmp_path: Path
) -> None:
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((checkpoint_folder / name).read_bytes())
    (tmp_path / "config.json").write_text("{")
    page = staff.send_checkpoint(tmp_path).content.decode()
    assert list(wrong_fields(page)) == ["config"]


def test_a_card_that_is_too_long_stays_as_it_was_written(
    staff: Staff, checkpoint: Checkpoint
) -> None:
    url = reverse("admin:checkpoint_card", args=[checkpoint.pk])
    answer = staff.client.post(url, {"card": "long " * 10_001})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert list(wrong_fields(page)) == ["card"]
    assert "long " * 10_001 in page
    checkpoint.refresh_from_db()
    assert "long long" not in checkpoint.card


def test_a_wrong_password_marks_both_fields_and_keeps_the_name(transactional_db: None) -> None:
    page = Client().post("/accounts/login/", {"username": "mira", "password": "x"}).content.decode()
    sentence = "The username or the password is wrong. Both are case-sensitive."
    assert wrong_fields(page) == {"id_username": sentence, "id_password": sentence}
    assert 'value="mira"' in page
    staff_page = Client().post("/admin/login/", {"username": "mira", "password": "x"})
    assert staff_page.content.decode().count('aria-invalid="true"') == 2


def test_no_id_of_a_form_with_errors_is_there_twice(staff: Staff) -> None:
    said = {"username": "dora", "password1": "abc", "password2": "abd"}
    for page in (
        Client().post("/accounts/signup/", said).content.decode(),
        staff.upload(b'{"turns": []}\n[1]\n').content.decode(),
        staff.client.post(reverse("admin:checkpoint_import"), {}).content.decode(),
    ):
        ids = re.findall(r' id="([^"]*)"', page)
        assert sorted(ids) == sorted(set(ids))
