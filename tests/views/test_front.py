"""The front page tells the evaluation of the live checkpoint as it is, and nothing else."""

import re

import pytest
from django.test import Client

from memory_app.models import Checkpoint
from memory_app.services.training.evaluations import evaluation_record
from tests.conftest import Player


def exam(share: float, n: int = 200, **others: float) -> dict:
    return {
        "recall": {"exact_match": {"gap_0": 1.0, "gap_1": 0.5, "gap_2": share}, "n": n, **others}
    }


def page(client: Client, **headers: str) -> str:
    return " ".join(client.get("/", headers=headers).content.decode().split())


def figures(said: str) -> dict[str, tuple[str, str]]:
    """Question -> the percentage and the count beside it."""
    rows = re.findall(r'<th scope="row">(.*?)</th>.*?<b>(.*?)%</b>.*?small">(.*?)</td>', said)
    return {label: (share, count) for label, share, count in rows}


def test_without_an_evaluation_nothing_is_claimed(checkpoint: Checkpoint, client: Client) -> None:
    said = page(client)
    assert figures(said) == {}
    assert f"{checkpoint.name} hasn’t been evaluated yet" in said


def test_without_a_model_the_page_says_so(db: None, client: Client) -> None:
    said = page(client)
    assert "No model is live yet." in said
    assert "A chat recorded with" in said


@pytest.mark.parametrize(("share", "shown"), [(None, False), (0.2, False), (0.5, True)])
def test_only_a_model_whose_exam_says_that_it_remembers_is_shown_off(
    checkpoint: Checkpoint, alice: Player, share: float | None, shown: bool
) -> None:
    if share is not None:
        result = exam(0.9)
        result["recall"]["exact_match"]["gap_0"] = share
        evaluation_record(checkpoint=checkpoint, suite="recall", result=result)
    said = page(alice.client)
    assert ("A chat recorded with" in said) is shown
    assert ("recorded_chat" in said) is shown
    assert ('name="tour"' in said) is shown
    location = alice.client.post("/chat/")["Location"]
    assert ("data-tour" in alice.client.get(location).content.decode()) is shown


def test_the_newest_evaluation_is_told_in_percent(checkpoint: Checkpoint, client: Client) -> None:
    evaluation_record(checkpoint=checkpoint, suite="all", result=exam(0.2))
    evaluation_record(checkpoint=checkpoint, suite="recall", result=exam(0.985, update=0.9))
    evaluation_record(checkpoint=checkpoint, suite="perplexity", result={"perplexity": {}})
    assert figures(page(client)) == {
        "A fact stated just before": ("100", "200/200"),
        "A fact stated 1 turn before": ("50", "100/200"),
        "A fact stated 2 turns before": ("98.5", "197/200"),
        "A fact that was corrected": ("90", "180/200"),
    }


def test_several_facts_of_an_earlier_evaluation_keep_their_name(
    checkpoint: Checkpoint, client: Client
) -> None:
    evaluation_record(checkpoint=checkpoint, suite="recall", result=exam(0.9, several=0.8))
    assert figures(page(client))["One of several facts"] == ("80", "160/200")
    today = exam(0.9, several=0.3, several_core=0.7, open=0.1)
    evaluation_record(checkpoint=checkpoint, suite="recall", result=today)
    assert figures(page(client))["One of eight facts"] == ("30", "60/200")
    assert figures(page(client))["One of several facts"] == ("70", "140/200")


def test_a_checkpoint_may_bring_its_evaluation(checkpoint: Checkpoint, client: Client) -> None:
    Checkpoint.objects.update(config={**checkpoint.config, "evaluation": exam(0.9, 50)})
    assert figures(page(client))["A fact stated 2 turns before"] == ("90", "45/50")
    evaluation_record(checkpoint=checkpoint, suite="recall", result=exam(0.5))
    assert figures(page(client))["A fact stated 2 turns before"] == ("50", "100/200")


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
    assert figures(page(client)) == {}


def test_sizes_are_the_live_models(checkpoint: Checkpoint, client: Client) -> None:
    said = page(client)
    layers = "1 layer" if checkpoint.num_layers == 1 else f"{checkpoint.num_layers} layers"
    assert f"{layers} of {checkpoint.hidden_size} LSTM units" in said


def test_the_recorded_chat_shows_the_answers_after_each_turn(db: None, client: Client) -> None:
    said = page(client)
    panels = re.findall(r'<dl data-turn="(\d)"( hidden)?>(.*?)</dl>', said)
    assert [(number, bool(hidden)) for number, hidden, _ in panels] == [
        ("1", True), ("2", True), ("3", True), ("4", True), ("5", False)
    ]  # fmt: skip
    assert "doesn’t know" in panels[0][2]
    assert '<s class="quiet small" lang="en">Oslo</s>' in panels[3][2]
    assert "Oslo" not in panels[4][2]
    assert said.count('class="live-you"') == 5
    speakers = re.findall(r'class="live-who[^>]*>(\w+)<', said)
    assert speakers == ["you", "bot"] * 5


def test_a_reader_of_another_language_is_told_what_the_model_speaks(
    checkpoint: Checkpoint, client: Client
) -> None:
    assert "The model speaks" not in page(client)
    assert "请用英语和它对话" in page(client, accept_language="zh-CN")
    Checkpoint.objects.update(language="de")
    assert "The model speaks German" in page(client)


def test_a_link_to_the_site_has_a_preview_with_absolute_addresses(
    checkpoint: Checkpoint, client: Client
) -> None:
    for path in ("/", "/about/memory/"):
        said = client.get(path).content.decode()
        found = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)"', said))
        assert found["url"] == f"http://testserver{path}"
        assert found["image"].startswith("http://testserver/static/img/preview")
        assert found["title"]


def test_the_page_about_memory_is_for_anybody(db: None, client: Client) -> None:
    answer = client.get("/about/memory/")
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    assert b"style=" not in answer.content
