"""A corpus comes in by the browser: whole or not at all, counted, shown as text, deleted."""

import gzip
import json
import lzma
from pathlib import Path

import pytest
import zstandard
from django.test import Client

from memory_app.models import AuditEntry, Corpus, TrainingRun
from memory_app.services.training.corpus_files import corpus_file
from tests.views.dashboard.staff import GOOD, Staff, files_below, problem_of

pytestmark = pytest.mark.slow

FORMS = {
    "turns": GOOD,
    "messages": b'{"messages":[{"role":"user","content":"Hi"},'
    b'{"role":"assistant","content":"Hello there!"}]}\n',
    "conversations": b'{"conversations":[{"from":"human","value":"Hi"},'
    b'{"from":"gpt","value":"Hello there!"}]}\n',
    "lines": b"User: Hi\nBot: Hello there!\n",
    "csv": b"Hi,Hello there!\n",
}
PACKS = {
    "plain": bytes,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pack", PACKS)
def test_every_form_comes_in_plain_and_packed(staff: Staff, form: str, pack: str) -> None:
    response = staff.upload(PACKS[pack](FORMS[form]), f"file.{pack}")
    corpus = Corpus.objects.get()
    assert response["Location"] == f"/admin/corpora/{corpus.pk}/"
    assert corpus_file(corpus).read_bytes() == GOOD
    assert (corpus.rows, corpus.bytes, corpus.uploaded_by) == (1, len(GOOD), staff.user)


def test_the_report_names_the_rows_that_were_refused(staff: Staff) -> None:
    bad = b"".join(b'{"turns": []}\n' for _ in range(25))
    staff.upload(GOOD + bad + GOOD, licence="CC0", attribution="Dora")
    corpus = Corpus.objects.get()
    assert (corpus.rows, corpus.refused, len(corpus.refusals)) == (2, 25, 20)
    assert corpus.refusals[0]["line"] == 2
    page = staff.client.get(f"/admin/corpora/{corpus.pk}/").content.decode()
    for words in ("25 rows", "lines 2, 3, 4", "turns is not a list of turns", "CC0", "Dora"):
        assert words in page
    # One reason is one line, however many rows it is.
    assert page.count("turns is not a list of turns") == 1
    assert AuditEntry.objects.get(action="corpus.upload").username == "dora"


def test_a_line_of_many_refused_rows_is_named_once(staff: Staff) -> None:
    rows = [GOOD.strip(), b'"a", "b"', b"3", b"3", b"3"]
    staff.upload(b"[" + b",\n".join(rows) + b"]", name="few")
    page = staff.client.get(f"/admin/corpora/{Corpus.objects.get().pk}/").content.decode()
    assert "5 rows, lines 2, 3, 4, 5</span>" in page


def test_a_refused_file_leaves_nothing_and_the_form_keeps_its_words(staff: Staff, settings) -> None:
    response = staff.upload(b'{"turns": []}\n' * 30, licence="CC0")
    assert "all of them were refused" in problem_of(response)
    assert response.context["form"]["licence"] == "CC0"
    assert len(response.context["refused"].refusals) == 20
    assert [row["count"] for row in response.context["reasons"]] == [30]
    assert not Corpus.objects.exists()
    assert list(files_below(settings.DATA_DIR)) == []


@pytest.mark.parametrize(
    ("text", "language", "doubted"),
    [
        ("你好，我叫小明。", "en", True),
        ("Hello there", "zh", True),
        ("你好", "zh", False),
        ("What does 你 mean?", "en", False),
    ],
)
def test_text_in_another_language_than_chosen_is_doubted(
    staff: Staff, text: str, language: str, doubted: bool
) -> None:
    said = [{"role": "user", "text": text}, {"role": "bot", "text": text * 2}]
    staff.upload(json.dumps({"turns": said}).encode(), language=language)
    corpus = Corpus.objects.get()
    page = staff.client.get(f"/admin/corpora/{corpus.pk}/").content.decode()
    assert ("delete it and import it again" in page) is doubted


def test_the_page_counts_turns_words_and_tokens(staff: Staff, checkpoint_folder: Path) -> None:
    from memory_app import registry
    from memory_app.core.model.checkpoint import load_checkpoint

    registry.promote(registry.register(checkpoint_folder))
    rows = [GOOD] * 3
    said = [{"role": ("user", "bot")[n % 2], "text": "one two three"} for n in range(6)]
    rows.append(json.dumps({"turns": said}).encode() + b"\n")
    staff.upload(b"".join(rows))
    corpus = Corpus.objects.get()
    tokenizer = load_checkpoint(checkpoint_folder).tokenizer
    texts = ["Hi", "Hello there!"] * 3 + ["one two three"] * 6
    assert corpus.tokens == sum(len(tokenizer.encode(text)) + 2 for text in texts)
    profile = corpus.profile
    assert (profile["dialogues"], profile["turns"], profile["words"]) == (4, 12, 27)
    assert profile["turns_a_dialogue"] == [3, 0, 1, 0, 0, 0, 0]
    assert profile["words_a_turn"] == [3, 3, 6, 0, 0, 0, 0, 0, 0, 0]


def test_the_preview_turns_its_pages(staff: Staff) -> None:
    rows = (
        json.dumps({"turns": [{"role": "user", "text": f"No {n}."}, {"role": "bot", "text": "Ok"}]})
        for n in range(1, 236)
    )
    staff.upload("\n".join(rows).encode())
    url = f"/admin/corpora/{Corpus.objects.get().pk}/"
    for page, first in ((1, 1), (7, 61), (21, 201), (24, 231)):
        shown = staff.client.get(f"{url}?page={page}").context["dialogues"]
        assert shown[0]["number"] == first
        assert shown[0]["turns"][0]["text"] == f"No {first}."
    assert len(staff.client.get(f"{url}?page=24").context["dialogues"]) == 5
    for odd in ("0", "-3", "x", "999999999999", "²"):
        assert staff.client.get(f"{url}?page={odd}").status_code == 200


def test_what_a_corpus_says_is_text(staff: Staff) -> None:
    text = "</dd><script>alert(1)</script>"
    row = {"turns": [{"role": "user", "text": text}, {"role": "bot", "text": text}]}
    staff.upload(json.dumps(row).encode(), attribution=text, name="<b>x</b>".replace("/", ""))
    page = staff.client.get(f"/admin/corpora/{Corpus.objects.get().pk}/").content
    assert b"<script>alert" not in page
    assert b"<b>x" not in page
    assert page.count(b"&lt;script&gt;alert(1)") == 3


async def test_the_file_is_an_attachment_that_no_browser_shows(staff: Staff, async_client) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(staff.upload)(GOOD, "page.html")
    corpus = await Corpus.objects.aget()
    await async_client.aforce_login(staff.user)
    response = await async_client.get(f"/admin/corpora/{corpus.pk}/rows.jsonl")
    body = b"".join([piece async for piece in response.streaming_content])
    assert body == GOOD
    assert response["Content-Disposition"].startswith('attachment; filename="corpus-')
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/octet-stream"
    assert "sandbox" in response["Content-Security-Policy"]


def test_the_sample_is_one_click_and_both_splits(staff: Staff) -> None:
    assert b"Add sample corpus" in staff.client.get("/admin/corpora/").content
    assert staff.client.post("/admin/corpora/sample/").status_code == 302
    train, valid = Corpus.objects.order_by("split")
    assert (train.split, valid.split, train.name) == ("train", "valid", valid.name)
    assert (train.rows, valid.rows, train.licence) == (3000, 300, "MIT")
    assert not set(corpus_file(train).read_bytes().split(b"\n")[:-1]) & set(
        corpus_file(valid).read_bytes().split(b"\n")[:-1]
    )
    assert b"Add sample corpus" not in staff.client.get("/admin/corpora/").content
    again = staff.client.post("/admin/corpora/sample/", follow=True)
    assert "already" in str(next(iter(again.context["messages"])))
    assert Corpus.objects.count() == 2


@pytest.mark.parametrize("lost", ["train", "valid"])
def test_a_part_of_the_sample_that_was_deleted_is_offered_and_restored(
    staff: Staff, lost: str
) -> None:
    staff.client.post("/admin/corpora/sample/")
    before = {row.split: row.sha256 for row in Corpus.objects.all()}
    row = Corpus.objects.get(split=lost)
    kept = Corpus.objects.exclude(split=lost).get()
    stays = f"“{kept}” stays, for evaluations of perplexity only"
    asked = staff.client.get(f"/admin/corpora/{row.pk}/delete/").content.decode()
    assert (stays in asked) == (lost == "train")
    staff.client.post(f"/admin/corpora/{row.pk}/delete/")
    page = staff.client.get("/admin/corpora/").content.decode()
    assert "Add sample corpus" in page
    # A validation split by itself says that no run reads it.
    assert ("no train split" in page) == (lost == "train")
    about = staff.client.get(f"/admin/corpora/{kept.pk}/").content.decode()
    assert ("no run uses this validation split" in about) == (lost == "train")
    added = staff.client.post("/admin/corpora/sample/", follow=True)
    assert f"“sample-facts ({lost})” was added." in added.content.decode()
    assert {row.split: row.sha256 for row in Corpus.objects.all()} == before
    assert "Add sample corpus" not in added.content.decode()
    assert "no train split" not in added.content.decode()


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
def test_a_corpus_that_a_run_reads_stays(staff: Staff, status: str) -> None:
    staff.upload(GOOD)
    corpus = Corpus.objects.get()
    run = TrainingRun.objects.create(preset="tiny", corpora=[["talks", 1]], status=status)
    url = f"/admin/corpora/{corpus.pk}/delete/"
    said = list(staff.client.post(url, follow=True).context["messages"])[-1]
    assert "is still using" in str(said)
    assert corpus_file(corpus).is_file()
    run.delete()
    staff.client.post(url)
    assert not Corpus.objects.exists()
    assert not corpus_file(corpus).exists()
    assert AuditEntry.objects.filter(action="corpus.delete", object="talks (train)").count() == 1


def test_a_quota_ends_what_one_may_upload(staff: Staff, settings) -> None:
    settings.CORPORA_USER_MB = 1
    Corpus.objects.create(name="old", path="x", sha256="x", bytes=1 << 20, uploaded_by=staff.user)
    assert "quota" in problem_of(staff.upload(GOOD))
    settings.CORPORA_USER_MB, settings.CORPORA_TOTAL_MB = 10, 1
    assert "quota" in problem_of(staff.upload(GOOD))
    settings.CORPORA_TOTAL_MB = 10
    assert staff.upload(GOOD).status_code == 302


def test_caps_refuse_the_whole_of_what_goes_beyond(staff: Staff, settings) -> None:
    settings.CORPUS_MAX_ROWS = 10
    assert "more than 10 rows" in problem_of(staff.upload(GOOD * 11))
    settings.CORPUS_MAX_ROWS, settings.CORPUS_MAX_MB = 10**9, 1
    assert "unpacks to more than 1 MiB" in problem_of(staff.upload(gzip.compress(GOOD * 20_000)))
    assert list(files_below(settings.DATA_DIR)) == []
    assert not Corpus.objects.exists()


@pytest.mark.parametrize(
    "route", ["", "sample/", "{id}/", "{id}/delete/", "{id}/rows.jsonl", "../checkpoints/import/"]
)
def test_nobody_but_staff_and_nothing_without_its_token(staff: Staff, alice, route: str) -> None:
    staff.upload(GOOD)
    url = "/admin/corpora/" + route.format(id=Corpus.objects.get().pk)
    url = url.replace("corpora/../", "")
    for client in (alice.client, Client()):
        for method in (client.get, client.post):
            assert method(url)["Location"].startswith("/admin/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff.client.cookies
    assert strict.post(url).status_code == 403
    assert Corpus.objects.count() == 1


def test_a_refusal_is_said_once(staff: Staff) -> None:
    response = staff.upload(b"\x89PNG\r\n\x1a\n" + bytes(60), "talks.jsonl")
    assert "the file is an image" in problem_of(response)
    assert response.content.decode().count("an image") == 1
    response = staff.upload(b'{"turns": []}\n[1]\n[1]\n')
    page = response.content.decode()
    assert (page.count("turns is not a list"), page.count("not a JSON object")) == (1, 1)


def test_the_form_parts_off_a_validation_split(staff: Staff) -> None:
    rows = b"".join(GOOD.replace(b"Hi", b"Hi %d" % n) for n in range(20))
    page = staff.client.get(staff.upload(rows, valid_share="10")["Location"]).content.decode()
    assert sorted(Corpus.objects.values_list("split", "rows")) == [("train", 18), ("valid", 2)]
    assert "In the validation split: 2." in page
    for share in ("x", "-1", "60"):
        # And the name is taken: both are said, each at its field.
        errors = staff.upload(rows, valid_share=share).context["errors"]
        assert "from 0 to 50" in errors["valid_share"]
        assert "already" in errors["name"]


@pytest.mark.parametrize("name", ["a.jsonl", "A.JSON", "a.jsonl.gz"])
def test_the_name_of_an_upload_says_that_it_means_to_be_json(staff: Staff, name: str) -> None:
    assert "not JSON" in problem_of(staff.upload(b"one,two\n", name))
    assert staff.upload(b"one,two\n", "a.csv").status_code == 302
