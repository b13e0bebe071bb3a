"""import_corpus: a corpus comes in whole or not at all, and the report says what was refused."""

import json

from memory_app.core.data.dialogues import read_dialogues
from memory_app.models import Corpus
from memory_app.services.training.corpus_files import corpus_file


def test_an_import_reports_its_rows_and_stores_them(manage, dialogues):
    ran = manage("import_corpus", dialogues, "--name", "few", "--licence", "CC0", "--json")
    assert ran.status == 0
    assert (ran.document["taken"], ran.document["refused"]) == (32, 0)
    row = Corpus.objects.get(name="few")
    assert (row.split, row.language, row.licence, row.rows) == ("train", "en", "CC0", 32)
    stored = list(read_dialogues(corpus_file(row)))
    assert stored[0][0] == ("user", "My name is Ana.")
    assert len(stored) == 32


def test_a_name_is_taken_once_a_split(manage, dialogues):
    assert manage("import_corpus", dialogues, "--name", "few").status == 0
    again = manage("import_corpus", dialogues, "--name", "few")
    assert "already" in again.mistake
    assert manage("import_corpus", dialogues, "--name", "few", "--split", "valid").status == 0
    assert Corpus.objects.count() == 2


def test_no_row_taken_is_a_failure_without_a_corpus(manage, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"turns": []}\n' * 30)
    ran = manage("import_corpus", path, "--name", "bad", "--json")
    assert ran.document["corpus"] is None
    assert ran.document["refused"] == 30
    assert len(ran.document["refusals"]) == 20
    assert ran.document["refusals"][1]["line"] == 2
    assert "No row" in ran.mistake
    assert not Corpus.objects.exists()
    assert not list((tmp_path / "data" / "corpora").iterdir())


def test_a_damaged_archive_leaves_nothing(manage, tmp_path):
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(b"\x1f\x8b\x08\0")
    ran = manage("import_corpus", path, "--name", "cut", "--json")
    assert "damaged" in ran.mistake
    assert ran.document == {"error": ran.mistake}
    assert not Corpus.objects.exists()


def test_a_file_that_is_not_there_is_one_line(manage, tmp_path):
    assert "can't be read" in manage("import_corpus", tmp_path / "none", "--name", "x").mistake


def test_a_wrong_argument_is_one_line(manage, dialogues):
    assert "--name" in manage("import_corpus", dialogues).mistake
    ran = manage("import_corpus", dialogues, "--name", "x", "--language", "fr")
    assert "fr" in ran.mistake
    assert ran.status == 2


def test_a_name_with_a_colon_could_not_be_given_to_train(manage, dialogues):
    assert "colon" in manage("import_corpus", dialogues, "--name", "a:b").mistake


def test_a_link_is_refused_and_a_folder_is_read_whole(manage, dialogues, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.csv").write_text("Hi,Hello\n")
    (folder / "b.jsonl").symlink_to(dialogues)
    ran = manage("import_corpus", folder, "--name", "both", "--json")
    assert (ran.document["taken"], ran.document["refused"]) == (1, 1)
    assert ran.document["refusals"] == [{"file": "b.jsonl", "line": 0, "reason": "a symlink"}]
    assert "symlink" in manage("import_corpus", folder / "b.jsonl", "--name", "x").mistake


def test_a_share_is_parted_off_as_the_validation_split(manage, tmp_path):
    path = tmp_path / "many.jsonl"
    rows = [f'{{"question": "ask {n}", "answer": "reply {n}"}}' for n in range(100)]
    path.write_text("\n".join([*rows, rows[0], rows[0]]))
    ran = manage("import_corpus", path, "--name", "many", "--valid-share", "5", "--json")
    train, valid = Corpus.objects.order_by("split")
    assert ran.document["valid"]["id"] == str(valid.pk)
    assert (valid.split, ran.document["taken"], train.rows + valid.rows) == ("valid", 102, 102)
    learned, measured = (
        {dialogue[0][1] for dialogue in read_dialogues(corpus_file(row))} for row in (train, valid)
    )
    assert len(measured) == 5
    assert learned | measured == {f"ask {n}" for n in range(100)}
    assert not learned & measured
    again = manage("import_corpus", path, "--name", "more", "--valid-share", "5", "--json")
    assert again.document["valid"]["sha256"] == valid.sha256


def test_a_share_that_can_not_be_parted_off_is_refused_and_leaves_nothing(manage, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("Hi,Hello\n" * 9)
    share = ("--name", "one", "--valid-share")
    assert "two different dialogues" in manage("import_corpus", path, *share, "10").mistake
    assert "from 0 to 50" in manage("import_corpus", path, *share, "51").mistake
    valid = manage("import_corpus", path, *share, "5", "--split", "valid")
    assert "taken from a train split" in valid.mistake
    assert not Corpus.objects.exists()
    assert not list((tmp_path / "data" / "corpora").iterdir())


def test_what_is_skipped_is_counted(manage, tmp_path):
    path = tmp_path / "asked.json"
    said = [("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello")]
    messages = [{"role": role, "content": text} for role, text in said]
    path.write_text(json.dumps([{"messages": messages}], indent=2))
    ran = manage("import_corpus", path, "--name", "asked", "--json")
    assert (ran.document["taken"], ran.document["skipped_messages"]) == (1, 1)
    path = tmp_path / "table.csv"
    path.write_text("question,answer\nHi,Hello\n")
    ran = manage("import_corpus", path, "--name", "table", "--json")
    assert (ran.document["taken"], ran.document["skipped"]) == (1, 1)


def test_a_name_may_hold_joiners_and_no_override(manage, dialogues):
    assert manage("import_corpus", dialogues, "--name", "می‌خواهم 👩‍💻").status == 0
    assert "visible" in manage("import_corpus", dialogues, "--name", "a\u202egnp").mistake
