"""The Lab's pages and what they read: figures as the core has them, bad input in one sentence."""

import math

import pytest
from django.test import Client
from safetensors.torch import load as load_safetensors

from memory_app import limits
from memory_app.core.inspection.gate_map import STEPS
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.rates import Rate
from memory_app.core.tasks.sentiment.scores import read_alone
from memory_app.core.tasks.sentiment.texts import text_ids
from memory_app.models import Checkpoint, Evaluation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
READ, MAP = "/lab/sentiment/read.json", "/lab/sentiment/map.safetensors"
TEXT = "A great film, not a BAD one"


def test_without_a_checkpoint_nothing_is_promised(client: Client) -> None:
    assert b"No model of the Lab" in client.get("/lab/").content
    page = client.get("/lab/sentiment/")
    assert page.status_code == 404
    assert b"There is no checkpoint for sentiment here." in page.content
    answer = client.post(READ, {"text": TEXT})
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "There is no checkpoint for sentiment here."},
    )


def test_the_words_carry_the_scores_that_the_model_gives(
    client: Client, reviews: Checkpoint, sentiment_folder
) -> None:
    answer = client.post(READ, {"text": TEXT, "words": "1"}).json()
    loaded = load_checkpoint(sentiment_folder)
    reading = read_alone(loaded.model, text_ids(loaded.tokenizer, TEXT, 256))
    assert "".join(word["text"] for word in answer["words"]) == TEXT
    assert answer["logits"][-1] == pytest.approx(float(reading.logits[-1]), abs=1e-3)
    assert len(answer["logits"]) == len(answer["words"]) + 1
    assert len(answer["tokens"]) == len(reading.logits)
    stop = answer["words"][0]["stop"]
    assert answer["logits"][0] == pytest.approx(float(reading.logits[stop]), abs=1e-3)
    assert len(answer["moved"]) == len(answer["words"]) + 1  # the text's end, which moves it too
    assert not set(map(tuple, answer["moved"][-1])) & set(map(tuple, answer["moved"][-2]))
    assert answer["held"]["values"][0] == -1
    assert len(answer["held"]["logits"]) == 21
    assert len(answer["unit"]) == len(answer["tokens"])
    several = client.post(READ, {"text": [TEXT, "bad"]}).json()["logits"]
    assert several[0] == pytest.approx(answer["logits"][-1], abs=1e-3)


def test_the_map_is_that_of_the_gate_view(client: Client, reviews: Checkpoint) -> None:
    answer = client.post(MAP, {"text": TEXT, "gate": "h", "layer": "1"})
    steps = load_safetensors(answer.content)["steps"]
    tokens = len(client.post(READ, {"text": TEXT, "words": "1"}).json()["tokens"])
    assert steps.shape == (12, tokens)
    assert int(steps.int().max()) <= STEPS
    for bad in ({"gate": "x", "layer": "1"}, {"gate": "h", "layer": "7"}, {"gate": "h"}):
        assert client.post(MAP, {"text": TEXT, **bad}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "There is no text to read."),
        ({"text": " \n"}, "There is no text to read."),
        ({"text": "x" * 4001}, "A text has at most 4,000 characters."),
        ({"text": ["a"] * 101}, "At most 100 texts are read at once."),
        ({"text": "a\0b"}, "This isn’t text: it contains a NUL or half a character."),
        ({"text": ["a", "b"], "words": "1"}, "Words are read of one text at a time."),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    client: Client, reviews: Checkpoint, fields: dict, sentence: str
) -> None:
    answer = client.post(READ, fields)
    assert (answer.status_code, answer.json()["error"]) == (400, sentence)


@pytest.mark.parametrize(
    "text", ["好看的电影", "🙂" * 40, "a " * 1900, "\u202eabc", "<script>x</script>"]
)
def test_any_text_is_read_and_stays_text(client: Client, reviews: Checkpoint, text: str) -> None:
    answer = client.post(READ, {"text": text, "words": "1"}).json()
    assert text.startswith("".join(word["text"] for word in answer["words"]))
    assert all(math.isfinite(logit) for logit in answer["logits"])
    assert answer["cut"] is (len(answer["tokens"]) == 258)


def test_the_page_shows_what_was_measured_and_hides_what_was_not(
    client: Client, reviews: Checkpoint
) -> None:
    before = client.get("/lab/sentiment/").content.decode()
    assert "hasn’t been evaluated yet" in before
    result = {
        "sentiment": {
            "accuracy": 0.81,
            "unit_accuracy": 0.78,
            "f1": 0.8,
            "n": 1249,
            "confusion": {
                "positive": {"positive": 500, "negative": 100},
                "negative": {"positive": 120, "negative": 529},
            },
            "roc": [[0, 0], [0.1, 0.7], [1, 1]],
            "auc": 0.88,
            "baselines": {"bag_of_words": 0.76, "majority": 0.516},
        }
    }
    Evaluation.objects.create(checkpoint=reviews, suite="sentiment", result=result)
    page = client.get("/lab/sentiment/").content.decode()
    for shown in ("81.0%", "78.0%", "76.0%", "51.6%", "1,249", "529", "88.0%"):
        assert shown in page
    assert "81.0%" in client.get("/lab/").content.decode()


@pytest.mark.parametrize(
    "result",
    [None, [], {"sentiment": None}, {"sentiment": {"n": "9"}}, {"sentiment": {"n": 9, "roc": "x"}}],
)
def test_a_config_of_any_form_breaks_no_page(
    client: Client, reviews: Checkpoint, result: object
) -> None:
    reviews.config = {**reviews.config, "evaluation": result}
    reviews.save(update_fields=["config"])
    assert client.get("/lab/sentiment/").status_code == 200
    assert client.get("/lab/").status_code == 200


def test_other_checkpoints_are_for_staff(
    client: Client, reviews: Checkpoint, make_player, django_user_model
) -> None:
    other = Checkpoint.objects.create(
        name="mine", sha256="0" * 64, cell="lstm", language="en", path="0", config=reviews.config
    )
    Checkpoint.objects.filter(pk=reviews.pk).update(bundled=True)
    asked = {"text": TEXT, "checkpoint": str(other.pk)}
    assert client.post(READ, asked).status_code == 404
    staff = django_user_model.objects.create_user("sam", password="sam-pass-word", is_staff=True)
    client.force_login(staff)
    assert client.post(READ, asked).status_code == 503  # it has no files
    assert b"mine" in client.get("/lab/sentiment/").content


def test_reading_is_limited_by_its_tokens(client: Client, reviews: Checkpoint, settings) -> None:
    settings.LIMITS = {kind: {} for kind in limits.KINDS} | {
        "inspections": {"address": Rate(50, 3600)}
    }
    limits.forget()
    try:
        statuses = [client.post(READ, {"text": TEXT * 3}).status_code for _ in range(6)]
    finally:
        settings.LIMITS = {kind: {} for kind in limits.KINDS}
        limits.forget()
    assert statuses[0] == 200
    assert statuses[-1] == 429
