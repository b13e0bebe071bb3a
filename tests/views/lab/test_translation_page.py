"""The page of translation and what it answers: the core's figures, bad input in one sentence."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from safetensors.torch import load as load_safetensors

from memory_app import registry
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.tasks.translation.reading import read
from memory_app.core.tasks.translation.texts import TO_CHINESE, source_ids
from memory_app.core.tasks.translation.writing import translations
from memory_app.models import Checkpoint, Evaluation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
READ, MAP = "/lab/translation/read.json", "/lab/translation/map.safetensors"
SENTENCE = "The cat likes the dog."


@pytest.fixture
def pairs(transactional_db: None, translation_folders: dict[str, Path]) -> dict[bool, Checkpoint]:
    return {name == "on": registry.register(path) for name, path in translation_folders.items()}


def test_without_a_checkpoint_nothing_is_promised(client: Client) -> None:
    page = client.get("/lab/translation/")
    assert page.status_code == 404
    assert b"There is no checkpoint for translation here." in page.content
    assert client.post(READ, {"text": SENTENCE}).status_code == 404


def test_a_sentence_is_translated_by_both_as_the_core_does(
    client: Client, pairs: dict[bool, Checkpoint], translation_folders: dict[str, Path]
) -> None:
    answer = client.post(READ, {"text": SENTENCE}).json()
    assert (answer["direction"], answer["note"]) == (TO_CHINESE, "")
    assert [model["attention"] for model in answer["models"]] == [False, True]
    for model, folder in zip(answer["models"], translation_folders.values(), strict=True):
        loaded = load_checkpoint(folder)
        before = source_ids(loaded.tokenizer, SENTENCE, TO_CHINESE)
        (written,) = translations(loaded.model, loaded.tokenizer, [before])
        assert model["ids"] == [*before, *written, loaded.tokenizer.end_id]
        assert model["text"] == loaded.tokenizer.decode(written).strip()
        assert model["source"] == ["The", "cat", "likes", "the", "dog", "."]
        assert "".join(word["text"] for word in model["target"]) == model["text"]
        assert len(model["path"]) == 3 + 6 + len(model["target"])
        reading = read(loaded.model, before, [*written, loaded.tokenizer.end_id])
        bits = sum(word["bits"] for word in model["target"])
        assert bits == pytest.approx(float(reading.bits.sum()), abs=0.1)
        shape = (len(model["target"]), 6)
        assert (len(model["influence"]), len(model["influence"][0])) == shape
        if model["attention"]:
            assert (len(model["weights"]), len(model["weights"][0])) == shape
            assert all(0 <= sum(row) <= 1.01 for row in model["weights"])
        else:
            assert "weights" not in model
    with_attention = Checkpoint.objects.get(pk=answer["models"][1]["checkpoint"])
    assert with_attention.pk == pairs[True].pk


def test_the_state_carries_the_cat_into_the_first_word(
    client: Client, pairs: dict[bool, Checkpoint]
) -> None:
    model = client.post(READ, {"text": SENTENCE}).json()["models"][0]
    assert model["target"][0]["text"] == "猫"
    row = model["influence"][0]
    assert model["source"][row.index(max(row))] == "cat"


def test_the_gates_are_those_of_the_model_that_is_asked_for(
    client: Client, pairs: dict[bool, Checkpoint]
) -> None:
    for model in client.post(READ, {"text": SENTENCE}).json()["models"]:
        ids = ",".join(map(str, model["ids"]))
        fields = {"checkpoint": model["checkpoint"], "ids": ids, "gate": "h", "layer": 0}
        found = client.post(MAP, fields)
        assert load_safetensors(found.content)
        assert client.post(MAP, {**fields, "gate": "q"}).status_code == 404
        assert client.post(MAP, {**fields, "layer": 9}).status_code == 404
        assert client.post(MAP, {**fields, "ids": "1,x"}).status_code == 400
        assert client.post(MAP, {**fields, "ids": "999999"}).status_code == 400


@pytest.mark.parametrize(
    ("text", "direction", "sentence"),
    [
        ("", "", "There is no sentence to translate."),
        (" \n ", "", "There is no sentence to translate."),
        ("cat " * 100, "", "At most 300 characters can be translated here."),
        ("Где моя собака?", "", "Only English and Chinese are translated here."),
        ("12345 !!!", "", "Only English and Chinese are translated here."),
        ("猫喜欢狗。", "en-zh", "This is Chinese already: translate it to English."),
        ("The cat.", "zh-en", "This is English already: translate it to Chinese."),
        ("a\0b", "", "This isn’t text: it contains a NUL or half a character."),
        ("x" * 299, "", "This sentence is too long to be translated here."),
    ],
)
def test_bad_input_gets_one_sentence(
    client: Client, pairs: dict[bool, Checkpoint], text: str, direction: str, sentence: str
) -> None:
    answer = client.post(READ, {"text": text, "direction": direction})
    assert answer.status_code == 400
    assert answer.json() == {"error": sentence}


def test_words_that_no_model_met_are_named_so(
    client: Client, pairs: dict[bool, Checkpoint]
) -> None:
    answer = client.post(READ, {"text": "Zwölf Boxkämpfer jagen Viktor quer."}).json()
    assert answer["note"].startswith("These are hardly words")


def test_staff_may_look_at_another_checkpoint(
    client: Client, pairs: dict[bool, Checkpoint]
) -> None:
    key = str(pairs[True].pk)
    user = User.objects.create_user("staff", password="x", is_staff=True)
    client.force_login(user)
    found = client.post(READ, {"text": SENTENCE, "checkpoint": key}).json()["models"]
    assert [model["checkpoint"] for model in found] == [str(pairs[False].pk), key]
    assert client.post(READ, {"text": SENTENCE, "checkpoint": "x"}).status_code == 404


def test_the_page_shows_what_they_score_and_how_length_tells(
    client: Client, pairs: dict[bool, Checkpoint]
) -> None:
    page = client.get("/lab/translation/").content.decode()
    assert "haven’t been evaluated yet" in page
    assert "我喜欢阅读编程书籍" in page
    own = {"chrf": 31.26, "chrf_interval": [30.0, 32.5], "bleu": 20.0, "bleu_interval": [18, 22]}
    figures = {
        "chrf": 31.26,
        "bleu": 20.0,
        "n": 1770,
        "by_length": [{"words": "1-4", "chrf": 40.0}, {"words": "5-8", "chrf": 29.5}],
        "directions": {"en-zh": own, "zh-en": {**own, "chrf": "broken"}},
        "baselines": {"nearest": {"chrf": 12.0, "directions": {"en-zh": own}}},
    }
    Evaluation.objects.create(
        checkpoint=pairs[False], suite="translation", result={"translation": figures}
    )
    page = client.get("/lab/translation/").content.decode()
    assert "30.0–32.5" in page
    assert "1,770 held-out translations" in page
    assert "the nearest training sentence’s translation" in page
    assert '["5-8", 29.5]' in page
    assert "chrF 31.3 on held-out sentences" in client.get("/lab/").content.decode()
