"""What is refused, what failed and a model card are in Chinese to who reads in Chinese."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from memory_app import registry
from memory_app.core.evaluation.model_card import write_card
from memory_app.core.run_settings import PRESETS
from memory_app.models import Checkpoint, Corpus, Evaluation, EvaluationStatus, TrainingRun
from memory_app.services.training.evaluations import evaluation_execute
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_launch import run_launch
from memory_app.services.training.runs import run_resume
from tests.views.dashboard.staff import GOOD, Staff, files_below

CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-hans"}


@pytest.fixture
def desk(staff: Staff) -> Client:
    """Dora's browser, which asks for Chinese."""
    staff.client.defaults.update(CHINESE)
    return staff.client


def problem(answer: object) -> str:
    assert answer.status_code == 400  # type: ignore[attr-defined]
    context = answer.context  # type: ignore[attr-defined]
    return str(context.get("problem") or " ".join(context["errors"].values()))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"preset": "huge"}, f"没有预设“huge”。请从 {', '.join(PRESETS)} 中选择。"),
        ({"set.steps": "many"}, "steps 必须是整数。"),
        ({"set.dropout": "7"}, "dropout 必须在 0 到 0.9 之间。"),
        ({"corpus": "nothing"}, "没有训练语料库“nothing”。"),
        ({"set.facts": "0", "set.identity": "0"}, "没有可供训练的数据"),
        ({"parent": "x"}, "起始检查点不存在。"),
    ],
)
def test_a_run_that_can_not_be(desk: Client, data: dict[str, str], said: str) -> None:
    answer = desk.post(reverse("admin:run_new"), {"preset": "tiny", **data})
    assert answer.status_code == 400
    assert said.replace("'", "&#x27;") in answer.content.decode()


def test_a_search_that_can_not_be(desk: Client) -> None:
    answer = desk.post(reverse("admin:search_new"), {"preset": "tiny", "count": "few"})
    assert answer.status_code == 400
    assert "count 必须是 1 到 64 的整数。" in answer.content.decode()


def test_a_corpus_of_which_no_row_is_taken(staff: Staff, desk: Client) -> None:
    """Read in a process of its own, which knows no language."""
    answer = staff.upload(b'{"turns": []}\n' + b"[1]\n" * 2)
    assert problem(answer) == "没有导入任何行：所有行都被拒绝。"
    body = answer.content.decode()
    assert "不是 JSON 对象" in body
    assert "not a JSON object" not in body


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x80\x04\x95" * 9, "没有导入任何行。原因：pickle 文件，本站从不打开。"),
        (b"\x1f\x8b" + b"x" * 50, "文件是损坏的压缩文件。"),
    ],
)
def test_a_file_that_is_no_corpus(staff: Staff, desk: Client, data: bytes, said: str) -> None:
    assert problem(staff.upload(data)) == said


def test_the_rows_that_a_corpus_was_refused(staff: Staff, desk: Client) -> None:
    staff.upload(GOOD + b'{"turns": []}\n')
    corpus = Corpus.objects.get()
    assert corpus.refusals[0]["reason"] == "turns is not a list of turns"
    page = reverse("admin:corpus", args=[corpus.pk])
    assert "turns 不是轮次列表" in desk.get(page).content.decode()
    # A row that was kept before its sentence was, and a reader of English.
    del corpus.refusals[0]["said"]
    del corpus.profile["reasons"]
    corpus.save()
    assert "turns is not a list of turns" in desk.get(page).content.decode()


def test_a_checkpoint_that_is_none(staff: Staff, desk: Client, checkpoint_folder: Path) -> None:
    assert problem(staff.send_checkpoint(checkpoint_folder.parent / "nothing")) == (
        "请选择检查点的 zip，或其文件夹中的各个文件。"
    )
    assert not list(files_below(Path(registry.folder_of("x").parent)))


def test_what_a_checkpoint_is_kept_from(desk: Client, checkpoint: Checkpoint) -> None:
    answer = desk.post(reverse("admin:checkpoint_delete", args=[checkpoint.pk]), follow=True)
    said = f"“{checkpoint.name}”正在使用。请先发布另一个检查点。"
    assert [str(one) for one in answer.context["messages"]] == [said]
    answer = desk.post(reverse("admin:checkpoint_roll_back"), {"language": "en"}, follow=True)
    assert [str(one) for one in answer.context["messages"]] == ["没有可以回退到的检查点。"]
    exam = reverse("admin:checkpoint_evaluate", args=[checkpoint.pk])
    answer = desk.post(exam, {"suite": "recall", "n": "0"}, follow=True)
    assert "每项测试的问题数必须在 1 到 1,000 之间。" in answer.content.decode()


def test_a_run_that_failed_in_a_worker_that_knows_no_language(desk: Client) -> None:
    corpus = Corpus.objects.create(name="talks", path="talks", sha256="0" * 64, rows=3)
    corpus.file.write_bytes(b"")
    run = run_launch(preset="tiny", corpora=[("talks", 1.0)], enqueue=False)
    corpus.file.unlink()
    failed = run_execute(run_id=run.pk)
    assert failed is not None
    assert failed.error == "The file of the corpus “talks” can't be read."
    page = reverse("admin:run", args=[run.pk])
    assert "无法读取语料库“talks”的文件。" in desk.get(page).content.decode()
    english = desk.get(page, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "The file of the corpus “talks” can&#x27;t be read." in english
    # Taken up again, nothing of it is left.
    corpus.file.write_bytes(b"")
    assert run_resume(run=failed)
    resumed = TrainingRun.objects.get()
    assert (resumed.error, resumed.error_said) == ("", {})


def test_an_exam_that_failed(desk: Client, checkpoint: Checkpoint) -> None:
    exam = Evaluation.objects.create(
        checkpoint=checkpoint,
        suite="perplexity",
        request={"n": 1, "corpora": ["gone"]},
        status=EvaluationStatus.QUEUED,
    )
    evaluation_execute(evaluation=exam.pk)
    page = desk.get(reverse("admin:checkpoint", args=[checkpoint.pk])).content.decode()
    assert "没有语料库“gone”。" in page


def test_a_card_that_nobody_has_touched_and_not_what_a_person_wrote(
    desk: Client, other: Checkpoint
) -> None:
    page = reverse("admin:checkpoint", args=[other.pk])
    other.config |= {"training": {"steps": 7, "recall": {"gap_2": 0.5}}}
    other.card = write_card(other.name, other.sha256, other.config)
    other.save()
    shown = desk.get(page).content.decode()
    for said in ("最后一步的指标", "对告知事实的回忆，间隔 2", "回忆指标来自训练中的简短评测"):
        assert said in shown
    assert "The recall figures" not in str(desk.get(page).context["card"])
    other.card += "Written by hand."
    other.save()
    assert "The recall figures" in str(desk.get(page).context["card"])
    assert "Written by hand." in str(desk.get(page).context["card"])
