"""The front page tells the exam of the live checkpoint as it was sat, and nothing else."""

import pytest
from django.test import Client

from memory_app.models import Checkpoint
from memory_app.services.evaluations import evaluation_record


def exam(share: float, n: int = 200) -> dict:
    return {"recall": {"exact_match": {"gap_0": 1.0, "gap_2": share}, "n": n}}


def page(client: Client) -> str:
    return " ".join(client.get("/").content.decode().split())


def test_without_an_exam_nothing_is_claimed(checkpoint: Checkpoint, client: Client) -> None:
    assert "of 10" not in page(client)


def test_the_newest_exam_is_told_in_tenths_rounded_down(
    checkpoint: Checkpoint, client: Client
) -> None:
    evaluation_record(checkpoint=checkpoint, suite="all", result=exam(0.2))
    evaluation_record(checkpoint=checkpoint, suite="recall", result=exam(0.985))
    evaluation_record(checkpoint=checkpoint, suite="perplexity", result={"perplexity": {}})
    said = page(client)
    assert "right after it was stated: 10 of 10" in said
    assert "after 2 turns: 9 of 10" in said
    assert "197/200" in said


def test_a_checkpoint_may_bring_its_exam_along(checkpoint: Checkpoint, client: Client) -> None:
    Checkpoint.objects.update(config={**checkpoint.config, "evaluation": exam(0.9, 50)})
    said = page(client)
    assert "after 2 turns: 9 of 10" in said
    assert "45/50" in said
    evaluation_record(checkpoint=checkpoint, suite="recall", result=exam(0.5))
    assert "after 2 turns: 5 of 10" in page(client)


@pytest.mark.parametrize(
    "brought",
    [
        "<script>",
        [],
        {"recall": None},
        {"recall": {"exact_match": [], "n": 1}},
        {"recall": {"exact_match": {"gap_2": 7}, "n": 200}},
        {"recall": {"exact_match": {"gap_2": "<b>"}, "n": 200}},
        {"recall": {"exact_match": {"gap_<b>": 0.5}, "n": 200}},
        {"recall": {"exact_match": {"gap_2": 0.5}, "n": "many"}},
        {"recall": {"exact_match": {"gap_2": 0.5}, "n": 0}},
        {"recall": {"exact_match": {"gap_2": True}, "n": 9}},
    ],
)
def test_a_config_that_brings_nonsense_claims_nothing(
    checkpoint: Checkpoint, client: Client, brought: object
) -> None:
    Checkpoint.objects.update(config={**checkpoint.config, "evaluation": brought})
    assert "of 10" not in page(client)


def test_the_page_about_memory_is_for_anybody(db: None, client: Client) -> None:
    answer = client.get("/about/memory/")
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    assert b"style=" not in answer.content
