"""Promotion, rollback, exams, export, deletion: each by a person, each on record."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone

from memory_app import registry, services, tasks
from memory_app.core.evaluation.model_card import write_card
from memory_app.core.evaluation.suites import EvaluationError
from memory_app.models import (
    AuditEntry,
    Chat,
    Checkpoint,
    Corpus,
    Evaluation,
    EvaluationStatus,
    Promotion,
    TrainingRun,
)
from memory_app.services.training import checkpoints, evaluations
from tests.conftest import make_checkpoint, stored
from tests.views.dashboard.staff import Staff

pytestmark = pytest.mark.slow


@pytest.fixture
def third(other, tmp_path):
    make_checkpoint(tmp_path / "third", seed=3)
    return registry.register(tmp_path / "third")


def act(client, what, row, **data):
    if what == "promote":
        # Not examined, so that its name has to be typed.
        data.setdefault("name", row.name)
    return client.post(reverse(f"admin:checkpoint_{what}", args=[row.pk]), data, follow=True)


def live():
    return Checkpoint.objects.get(live=True)


def test_a_promotion_is_there_for_new_chats_and_old_ones_go_on(client, alice, checkpoint, other):
    old = stored(services.chat_create(person=alice.person).pk)
    act(client, "promote", other)
    new = services.chat_create(person=alice.person)
    old.refresh_from_db()
    assert (old.checkpoint, new.checkpoint) == (checkpoint, other)
    # Each is spoken by its own weights.
    for chat in (old, new):
        assert services.chat_model(sha256=chat.checkpoint.sha256).sha256 == chat.checkpoint.sha256
    row = Promotion.objects.get()
    assert (row.checkpoint, row.previous, str(row.by)) == (other, checkpoint, "mira")
    assert AuditEntry.objects.get().action == "checkpoint.promote"
    act(client, "promote", other)  # again: nothing changes, nothing is recorded
    assert Promotion.objects.count() == 1


def test_rolling_back_twice_goes_two_steps(client, checkpoint, other, third):
    for row in (other, third):
        act(client, "promote", row)

    def back():
        client.post(reverse("admin:checkpoint_roll_back"), {"language": "en"})
        return live()

    assert (back(), back()) == (other, checkpoint)
    assert checkpoints.roll_back_target("en") is None
    assert back() == checkpoint
    act(client, "promote", third)
    assert back() == checkpoint
    assert AuditEntry.objects.filter(action="checkpoint.roll_back").count() == 3


def test_a_rollback_steps_over_what_was_deleted(client, checkpoint, other, third):
    for row in (other, third):
        act(client, "promote", row)
    Promotion.objects.filter(checkpoint=other).update(checkpoint=third, previous=None)
    registry.delete(other)
    assert checkpoints.roll_back_target("en") in {None, checkpoint}


def test_the_cli_records_too(checkpoint, other):
    from django.core.management import call_command

    call_command("checkpoints", "promote", str(other.pk))
    assert (Promotion.objects.get().checkpoint, Promotion.objects.get().by) == (other, None)
    assert AuditEntry.objects.get().username == "command line"


def test_a_start_does_not_undo_what_a_person_promoted_or_rolled_back(
    client, tmp_path, monkeypatch, transactional_db
):
    monkeypatch.setattr(registry, "BUNDLED", tmp_path / "bundled")
    make_checkpoint(tmp_path / "bundled" / "en", seed=11)
    (first,) = registry.register_bundled()
    assert live() == first
    # An upgrade brings a newer one, and nobody has chosen anything: it takes over.
    import shutil

    shutil.rmtree(tmp_path / "bundled" / "en")
    make_checkpoint(tmp_path / "bundled" / "en", seed=12)
    (second,) = registry.register_bundled()
    assert live() == second
    act(client, "promote", first)
    registry.register_bundled()
    assert live() == first
    client.post(reverse("admin:checkpoint_roll_back"), {"language": "en"})
    assert live() == second
    registry.register_bundled()
    assert live() == second


def test_a_cell_for_study_is_refused(client, checkpoint, tmp_path):
    make_checkpoint(tmp_path / "study", cell="tanh_rnn")
    study = registry.register(tmp_path / "study")
    assert b"for study only" in act(client, "promote", study).content
    assert live() == checkpoint
    assert not Promotion.objects.exists()


def test_what_is_in_use_is_not_deleted_and_the_reason_is_said(client, alice, checkpoint, other):
    assert b"is live" in act(client, "delete", checkpoint).content
    chat = Chat.objects.create(owner=alice.person, checkpoint=other)
    assert b"Chats on it: 1." in act(client, "delete", other).content
    page = client.get(reverse("admin:checkpoint", args=[other.pk])).content.decode()
    assert "<dd>1</dd>" in page
    chat.delete()
    run = TrainingRun.objects.create(name="heir", preset="tiny", parent=other)
    assert b"heir" in act(client, "delete", other).content
    assert registry.folder_of(other.sha256).is_dir()
    assert not AuditEntry.objects.filter(action="checkpoint.delete").exists()
    TrainingRun.objects.filter(pk=run.pk).update(status="finished")
    # Its run is gone as well: that says nothing of where it was trained.
    assert "no run on this site" in page
    assert "no run of it on this site" in ask(client, "promote", other)
    act(client, "delete", other)
    assert not Checkpoint.objects.filter(pk=other.pk).exists()
    assert not registry.folder_of(other.sha256).exists()
    assert AuditEntry.objects.filter(action="checkpoint.delete").count() == 1


async def test_an_export_is_the_folder_as_a_zip(mira, other):
    client = AsyncClient()
    client.cookies = mira.client.cookies
    answer = await client.post(reverse("admin:checkpoint_export", args=[other.pk]))
    data = b"".join([piece async for piece in answer])
    folder = registry.folder_of(other.sha256)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    card = names.pop("README.md").decode()
    assert card.startswith(f"# {other.name}\n")
    assert names == {name: (folder / name).read_bytes() for name in registry.FILES}
    assert f'filename="{other.name}.zip"' in answer["Content-Disposition"]
    assert await AuditEntry.objects.filter(action="checkpoint.export").acount() == 1


def test_damaged_files_are_not_exported(client, other):
    file = registry.folder_of(other.sha256) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert b"damaged" in act(client, "export", other).content
    assert not AuditEntry.objects.filter(action="checkpoint.export").exists()


def test_lineage_and_card_are_shown_and_the_card_is_sanitised(client, other, third):
    Checkpoint.objects.filter(pk=third.pk).update(
        parent=other,
        config=third.config | {"data": [{"name": "talks", "licence": "MIT", "sha256": "ab" * 32}]},
    )
    TrainingRun.objects.create(name="its run", preset="tiny", checkpoint=third)
    act(client, "card", third, card="# A card\n\n**bold** <script>alert(1)</script>")
    body = client.get(reverse("admin:checkpoint", args=[third.pk])).content.decode()
    for part in ("its run", "talks", "abababababab", ">other<", "<strong>bold</strong>"):
        assert part in body
    assert "<script>alert" not in body
    assert "third" in client.get(reverse("admin:checkpoint", args=[other.pk])).content.decode()


@pytest.mark.parametrize("odd", ["text", ["list"], 7, {"settings": "text", "parent": [1]}])
def test_a_config_of_another_form_breaks_no_page(client, other, odd):
    Checkpoint.objects.filter(pk=other.pk).update(
        config=other.config | {"training": odd, "data": odd}
    )
    assert client.get(reverse("admin:checkpoint", args=[other.pk])).status_code == 200


def test_an_exam_is_asked_for_and_sat_once(client, other, monkeypatch):
    sat = []

    def sit(model, tokenizer, suite, **facts):
        sat.append((suite, facts["n"]))
        facts["on_cell"]("x", 1, 2)
        exams = client.get(reverse("admin:checkpoint_exams", args=[other.pk])).content.decode()
        assert "1 of 2 tests" in exams
        return {"recall": {"exact_match": {"gap_0": 0.5}, "n": facts["n"]}}

    monkeypatch.setattr(evaluations, "evaluate", sit)
    act(client, "evaluate", other, suite="recall", n="7")
    row = Evaluation.objects.get()
    assert (row.status, str(row.asked_by)) == (EvaluationStatus.QUEUED, "mira")
    tasks.evaluate(row.pk)
    tasks.evaluate(row.pk)
    row.refresh_from_db()
    assert (row.status, sat) == (EvaluationStatus.FINISHED, [("recall", 7)])
    page = client.get(reverse("admin:checkpoints_compare"), {"checkpoint": [other.pk]})
    assert "Recall, asked at once" in page.content.decode()


def test_a_comparison_says_what_it_leaves_out_and_which_is_which(client, other):
    rows = [
        Checkpoint.objects.create(
            name="twin", sha256=f"{n:064x}", path="x", cell="lstm", config=other.config
        )
        for n in range(9)
    ]
    keys = [row.pk for row in rows]
    url = reverse("admin:checkpoints_compare")
    Evaluation.objects.create(checkpoint=rows[0], suite="recall", result={"loops": 0.5})
    body = client.get(url, {"checkpoint": keys}).content.decode()
    assert "At most 8 can be compared: the last 1 is left out." in body
    assert f'<code class="quiet small">{rows[1].sha256[:12]}</code>' in body
    assert body.count("twin hasn’t been evaluated yet, so its column is empty.") == 7
    assert "left out" not in client.get(url, {"checkpoint": keys[:8]}).content.decode()


def test_a_promotion_says_which_of_two_namesakes_it_is(client, other):
    url = reverse("admin:checkpoint_promote", args=[other.pk])
    assert "has the same name" not in client.get(url).content.decode()
    Checkpoint.objects.create(name=other.name, sha256="e" * 64, path="x", config=other.config)
    body = client.get(url).content.decode()
    assert f"This one is {other}." in body


def test_an_exam_whose_worker_died_is_sat_again(other, monkeypatch):
    row = Evaluation.objects.create(
        checkpoint=other,
        suite="recall",
        status=EvaluationStatus.RUNNING,
        process="gone",
        heartbeat=timezone.now(),
    )
    assert evaluations.evaluations_recover() == 0  # its process may be on another machine
    Evaluation.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
    assert evaluations.evaluations_recover() == 1
    monkeypatch.setattr(evaluations, "evaluate", lambda *args, **facts: {"loops": 0.0})
    evaluations.evaluation_execute(evaluation=row.pk)
    row.refresh_from_db()
    assert row.status == EvaluationStatus.FINISHED


def test_an_exam_that_breaks_says_so_without_anybodys_text(other, monkeypatch):
    row = evaluations.evaluation_ask(checkpoint=other, suite="recall", n=1)

    def broken(*args, **facts):
        raise KeyError("a person's words")

    monkeypatch.setattr(evaluations, "evaluate", broken)
    evaluations.evaluation_execute(evaluation=row.pk)
    row.refresh_from_db()
    assert row.status == EvaluationStatus.FAILED
    assert "words" not in row.error
    evaluations.evaluation_execute(evaluation=10**9)  # a vanished row is nothing to do


def test_an_exam_that_cannot_be_sat_is_refused(client, other):
    Corpus.objects.create(name="talks", path="x", sha256="0" * 64)
    for suite, n, corpora in [
        ("spelling", 5, []),
        ("recall", 0, []),
        ("recall", 10**6, []),
        ("perplexity", 5, []),
        ("perplexity", 5, ["lost"]),
    ]:
        with pytest.raises(EvaluationError):
            evaluations.evaluation_ask(checkpoint=other, suite=suite, n=n, corpora=corpora)
    assert not Evaluation.objects.exists()
    for typed, field, reason in (
        ({"suite": "recall", "n": "x9"}, "n", "questions per test must be a whole number."),
        ({"suite": "recall", "n": "0"}, "n", "questions per test must be from 1 to 1,000."),
        ({"suite": "perplexity", "n": "7"}, "corpus", "needs a corpus"),
        ({"suite": "spelling", "n": "7"}, "suite", "must be one of"),
    ):
        body = act(client, "evaluate", other, **typed).content.decode()
        assert reason in body.split(f'id="error-{field}"')[1].split("</p>")[0]
        assert f'aria-invalid="true" aria-describedby="error-{field}' in body
        assert f'value="{typed["n"]}"' in body


def test_the_address_of_a_refused_form_leads_back_to_the_page(client, other):
    for what in ("evaluate", "card", "rename"):
        answer = client.get(reverse(f"admin:checkpoint_{what}", args=[other.pk]))
        assert answer["Location"] == reverse("admin:checkpoint", args=[other.pk])


def ask(client, what, row):
    return client.get(reverse(f"admin:checkpoint_{what}", args=[row.pk])).content.decode()


def examine(row, n=200, **shares):
    figures = {f"gap_{gap}": share for gap, share in zip((0, 2), shares.values(), strict=True)}
    result = {"recall": {"exact_match": figures, "n": n}}
    Evaluation.objects.create(checkpoint=row, suite="recall", result=result)


def test_a_promotion_shows_both_models_figures_and_what_changes(client, alice, checkpoint, other):
    stored(services.chat_create(person=alice.person).pk)
    examine(checkpoint, at_once=0.97, later=0.9)
    examine(other, at_once=0.5, later=0.9)
    body = ask(client, "promote", other)
    for part in (
        "New chats in English use “other” instead of “small”",
        "The 1 chat on “small” stays on it",
        "97.0%",
        "43.1–56.9",
        "It is worse than the live one in 1 figure: Recall, asked at once.",
        "no clear difference",
    ):
        assert part in body, part
    assert live() == checkpoint  # to look changes nothing


@pytest.mark.parametrize("typed", ["", "small", "Other"])
def test_a_worse_or_unexamined_model_goes_live_only_when_its_name_is_typed(
    client, checkpoint, other, typed
):
    url = reverse("admin:checkpoint_promote", args=[other.pk])
    for examined in (False, True):
        if examined:
            examine(checkpoint, at_once=0.97, later=0.9)
            examine(other, at_once=0.5, later=0.9)
        answer = client.post(url, {"name": typed})
        assert answer.status_code == 400
        assert b'aria-invalid="true" aria-describedby="confirm-problem"' in answer.content
        assert live() == checkpoint
    client.post(url, {"name": "other"})
    assert live() == other


def test_a_promotion_says_what_the_run_itself_measured(client, checkpoint, other):
    assert "what it remembers is unknown" in ask(client, "promote", other)
    other.config["training"] = {"steps": 5, "recall": {"gap_0": 0.0, "gap_2": 0.25}}
    other.save()
    body = ask(client, "promote", other)
    assert "unknown" not in body
    assert (
        "asked at its last step: Recall, asked at once: 0%; Recall, 2 exchanges later: 25%." in body
    )
    assert "confirm-name" in body  # of few questions: it still counts as not evaluated


def test_a_checkpoints_page_lists_its_data_once(client, other):
    other.config |= {
        "training": {"settings": {"facts": 0.3}, "recall": {"gap_0": 0.0}},
        "data": [{"name": "talks", "licence": "MIT", "attribution": "by Ada", "rows": 7}],
    }
    other.card = write_card(other.name, other.sha256, other.config)
    other.save()
    assert "Trained on" in other.card
    assert "manage.py evaluate" in other.card
    body = client.get(reverse("admin:checkpoint", args=[other.pk])).content.decode()
    shown = body.replace(other.card, "").partition("<textarea")[0]
    assert shown.count("Trained on") == 1
    assert "manage.py evaluate" not in shown
    for part in ("by Ada", "generated facts", "30% of the tokens"):
        assert part in shown


@pytest.mark.parametrize(("n", "enough"), [(2, False), (49, False), (50, True)])
def test_an_evaluation_with_few_questions_counts_as_none(client, checkpoint, other, n, enough):
    examine(other, n=n, at_once=1.0, later=1.0)
    body = ask(client, "promote", other)
    assert f"n = {n}" in body
    few = f"“other” was evaluated with {n} questions per test. That is too few"
    assert (few in body) != enough
    assert ("Evaluate it first" in body) != enough
    assert ("confirm-name" in body) != enough
    answer = client.post(reverse("admin:checkpoint_promote", args=[other.pk]))
    assert answer.status_code == (302 if enough else 400)
    assert (live() == other) == enough


def test_a_model_that_is_no_worse_needs_no_typed_name(client, checkpoint, other):
    examine(checkpoint, at_once=0.90, later=0.9)
    examine(other, at_once=0.87, later=0.95)  # three points of 200 questions are chance
    assert "confirm-name" not in ask(client, "promote", other)
    client.post(reverse("admin:checkpoint_promote", args=[other.pk]))
    assert live() == other


def test_a_rollback_is_not_done_when_it_would_be_another_than_was_shown(
    client, checkpoint, other, third
):
    act(client, "promote", other)
    url = reverse("admin:checkpoint_roll_back")
    shown = client.get(url, {"language": "en"}).content.decode()
    assert f'name="target" value="{checkpoint.pk}"' in shown
    assert live() == other
    act(client, "promote", third)
    answer = client.post(url, {"language": "en", "target": str(checkpoint.pk)})
    assert answer.status_code == 200
    assert "Roll back to “other”?" in answer.content.decode()
    assert live() == third


def test_the_page_of_a_checkpoint_has_its_figures_beside_its_parents(client, other, third):
    Checkpoint.objects.filter(pk=third.pk).update(parent=other)
    examine(other, at_once=0.4, later=0.4)
    examine(third, at_once=0.8, later=0.4)
    body = client.get(reverse("admin:checkpoint", args=[third.pk])).content.decode()
    table = body.split('<table class="figures">')[1].split("</table>")[0]
    assert "73.9–85.0" in table
    assert "33.5–46.9" in table
    assert table.count("better") == 1
    assert "<details><summary>Training settings" in body or "learning_rate" not in body


def test_the_page_of_a_checkpoint_has_the_recall_of_facts_of_any_kind(client, checkpoint):
    recall = {"open": 0.6, "several": 0.8, "others": 0.5, "forget": 0.9, "n": 200}
    recall |= {"exact_match": {"gap_0": 1.0}, "list": {"named": 0.4, "false": 0.1}}
    Evaluation.objects.create(checkpoint=checkpoint, suite="recall", result={"recall": recall})
    body = client.get(reverse("admin:checkpoint", args=[checkpoint.pk])).content.decode()
    table = " ".join(body.split('<table class="figures">')[1].split("</table>")[0].split())
    for label, interval in {
        "Recall of facts of any kind": "53.1–66.5",
        "Recall, eight facts stated": "73.9–85.0",
        "Recall of whose fact it is": "43.1–56.9",
        "Doesn’t say what it was asked to forget": "85.1–93.4",
        # Of five facts a question.
        "Named of five facts when asked what it knows": "37.0–43.1",
        "Never stated, but named when asked what it knows": "8.3–12.0",
    }.items():
        assert interval in table.split(label)[1].split("</tr>")[0]


def test_several_facts_of_an_earlier_evaluation_are_compared_with_those_of_today(
    client, other, third
):
    Checkpoint.objects.filter(pk=third.pk).update(parent=other)
    old = {"exact_match": {"gap_0": 1.0}, "several": 0.9, "n": 200}
    new = {**old, "several": 0.2, "several_core": 0.9, "open": 0.1}
    for row, recall in ((other, old), (third, new)):
        Evaluation.objects.create(checkpoint=row, suite="recall", result={"recall": recall})
    body = client.get(reverse("admin:checkpoint", args=[third.pk])).content.decode()
    line = body.split("Recall, three to five usual facts stated")[1].split("</tr>")[0]
    assert line.count("90.0%") == 2
    assert "no clear difference" in line
    assert body.split("Recall, eight facts stated")[1].split("</tr>")[0].count("%") == 1


@pytest.mark.parametrize(
    "odd", ["text", [1], {"recall": "x"}, {"recall": {"n": 10**400, "exact_match": {"gap_0": 7}}}]
)
def test_an_evaluation_of_another_form_breaks_no_page(client, checkpoint, other, odd):
    Checkpoint.objects.filter(pk=other.pk).update(config=other.config | {"evaluation": odd})
    for name in ("checkpoint", "checkpoint_promote"):
        assert client.get(reverse(f"admin:{name}", args=[other.pk])).status_code == 200


def test_two_checkpoints_are_chatted_with_on_chats_of_ones_own(
    client, mira, alice, checkpoint, other
):
    url = reverse("admin:checkpoints_try")
    body = client.get(url, {"a": other.pk}).content.decode()
    assert f'value="{checkpoint.pk}" selected' in body  # the live one stands beside it
    assert not Chat.objects.exists()  # a look stores nothing
    chats = client.post(url, {"a": other.pk, "b": checkpoint.pk}).json()
    left, right = (stored(chats[side]) for side in ("left", "right"))
    assert (left.owner, left.checkpoint, right.checkpoint) == (mira.person, other, checkpoint)
    assert client.post(url, {"a": "nonsense"}).status_code == 404
    # Somebody else's chat in the address is none.
    hers = Chat.objects.create(owner=alice.person, checkpoint=other)
    answer = client.get(url, {"a": other.pk, "b": checkpoint.pk, "left": hers.pk})
    assert str(hers.pk) not in answer.content.decode().split("</form>", 1)[1]
    assert AuditEntry.objects.get().action == "checkpoint.try"


@pytest.mark.parametrize("typed", ["-1", "x7", "9007199254740992", "1.5", "٣"])
def test_a_seed_that_is_none_stays_as_it_was_typed_and_is_said_at_its_field(
    client, checkpoint, other, typed
):
    url = reverse("admin:checkpoints_try")
    pair = {"a": other.pk, "b": checkpoint.pk}
    answer = client.get(url, pair | {"seed": typed})
    assert answer.status_code == 400
    body = answer.content.decode()
    assert f'value="{typed}"' in body
    assert 'aria-invalid="true" aria-describedby="error-seed"' in body
    assert "whole number from 0 to 2⁵³ − 1" in body.split('id="error-seed"')[1].split("</p>")[0]
    good = client.get(url, pair | {"seed": "9007199254740991"}).content.decode()
    assert 'value="9007199254740991"' in good
    assert "error-seed" not in good
    assert re.search(r'id="seed" name="seed" value="\d+"', client.get(url, pair).content.decode())


def test_a_checkpoint_is_renamed_and_a_card_that_nobody_touched_goes_along(client, other):
    written = write_card(other.name, other.sha256, other.config)
    Checkpoint.objects.filter(pk=other.pk).update(card=written)
    assert act(client, "rename", other, name=" better ").status_code == 200
    other.refresh_from_db()
    assert other.name == "better"
    assert other.card == write_card("better", other.sha256, other.config)
    Checkpoint.objects.filter(pk=other.pk).update(card="# Mine: other")
    act(client, "rename", other, name="best")
    other.refresh_from_db()
    assert (other.name, other.card) == ("best", "# Mine: other")
    for typed in ("", " ", "x" * 201, "a\nb"):
        body = act(client, "rename", other, name=typed).content.decode()
        assert 'aria-invalid="true" aria-describedby="error-name' in body
    other.refresh_from_db()
    assert other.name == "best"
    actions = AuditEntry.objects.filter(action="checkpoint.rename")
    assert [one.detail["name"] for one in actions.order_by("id")] == [
        "other → better",
        "better → best",
    ]


def test_chat_with_it_is_offered_for_what_can_be_chatted_with(client, other, tmp_path):
    make_checkpoint(tmp_path / "study", cell="tanh_rnn")
    study = registry.register(tmp_path / "study")
    for row, times in ((other, 1), (study, 0)):
        body = client.get(reverse("admin:checkpoint", args=[row.pk])).content.decode()
        assert body.count(f'name="checkpoint" value="{row.pk}"') == times
    answer = client.post("/chat/", {"checkpoint": other.pk})
    assert answer.status_code == 302


def test_deleting_is_not_offered_where_it_is_refused(staff: Staff, checkpoint: Checkpoint) -> None:
    url = f"/admin/checkpoints/{checkpoint.pk}/"
    page = staff.client.get(url).content.decode()
    assert f"{url}delete/" not in page
    assert f"“{checkpoint.name}” is live. Promote another checkpoint first." in page
    answer = staff.client.get(f"{url}delete/", follow=True)
    assert [str(said) for said in answer.context["messages"]] == [
        f"“{checkpoint.name}” is live. Promote another checkpoint first."
    ]
    Checkpoint.objects.update(live=False)
    assert f"{url}delete/" in staff.client.get(url).content.decode()


def test_figures_are_named_in_chinese_too(client, other):
    examine(other, at_once=0.4, later=0.4)
    client.cookies["django_language"] = "zh-hans"
    body = client.get(reverse("admin:checkpoint", args=[other.pk])).content.decode()
    table = body.split('<table class="figures">')[1].split("</table>")[0]
    assert re.findall("[a-z]{3,}", re.sub("<[^>]*>", "", table.replace("other", ""))) == []
