"""The page of texts and what it reads: figures as the core has them, bad input in one sentence."""

import pytest
from django.test import Client
from safetensors.torch import load as load_safetensors

from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.sampling.settings import Sampling
from memory_app.core.tasks.completion.scores import read
from memory_app.core.tasks.completion.writing import continuation
from memory_app.models import Checkpoint, Evaluation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
READ, WRITE = "/lab/completion/read.json", "/lab/completion/write.json"
MAP = "/lab/completion/map.safetensors"


def ids_of(tokens: list[dict]) -> str:
    return ",".join(str(token["id"]) for token in tokens)


def write(client: Client, begun: dict, **changes: object) -> dict:
    fields = {
        "ids": ids_of(begun["tokens"]),
        "start": begun["start"],
        "seed": 3,
        "temperature": 0.8,
        "drawn": 0,
        **changes,
    }
    return client.post(WRITE, fields).json()


def test_without_a_checkpoint_nothing_is_promised(client: Client) -> None:
    page = client.get("/lab/completion/")
    assert page.status_code == 404
    assert b"There is no checkpoint for texts here." in page.content
    assert client.post(READ, {"prime": "短歌"}).status_code == 404


def test_the_page_offers_the_tunes_and_what_it_scores(client: Client, songs: Checkpoint) -> None:
    page = client.get("/lab/completion/").content.decode()
    assert "短歌 · 2 lines, 8 letters" in page
    assert "been evaluated yet" in page
    figures = {"bits_per_character": 1.5, "interval": [1.4, 1.6], "n": 40}
    people = {"form": 0.97, "form_lines": 100}
    Evaluation.objects.create(
        checkpoint=songs,
        suite="completion",
        result={
            "completion": {
                **figures,
                "form": 0.96,
                "form_lines": 200,
                "baselines": {"people": people},
            }
        },
    )
    page = client.get("/lab/completion/").content.decode()
    assert "1.40–1.60" in page
    assert "96.0%" in page
    assert "the poets themselves" in page
    assert "96.0% of its lines" in client.get("/lab/").content.decode()


def test_a_text_is_begun_and_written_as_the_core_writes_it(
    client: Client, songs: Checkpoint, songs_folder
) -> None:
    begun = client.post(READ, {"prime": "短歌", "text": "山水"}).json()
    loaded = load_checkpoint(songs_folder)
    assert begun["note"] == ""
    ids = [token["id"] for token in begun["tokens"]]
    assert "".join(token["text"] for token in begun["tokens"][begun["start"] :]) == "山水"
    assert begun["tokens"][begun["start"]]["mark"] == [3, 1]
    written = write(client, begun)
    sampling = Sampling(temperature=0.8, top_p=0.95, repetition_penalty=1.0, max_tokens=16, seed=3)
    expected = continuation(loaded.model, loaded.tokenizer, ids, sampling)
    assert [token["id"] for token in written["tokens"]] == expected
    reading = read(loaded.model, [*ids, *expected])
    bits = [token["bits"] for token in written["tokens"]]
    assert bits == pytest.approx(reading.bits[len(ids) :].tolist(), abs=0.01)
    assert written["ended"] is (expected[-1] == loaded.tokenizer.end_id)
    assert {"state", "left"} <= written["tokens"][0].keys()


def test_one_seed_gives_one_text_and_another_seed_another(
    client: Client, songs: Checkpoint
) -> None:
    begun = client.post(READ, {"prime": "长歌"}).json()
    first, again = (write(client, begun)["tokens"] for _ in range(2))
    assert first == again
    others = [write(client, begun, seed=seed)["tokens"] for seed in range(4, 8)]
    assert any(ids_of(other) != ids_of(first) for other in others)


def test_the_map_is_that_of_the_gate_view(client: Client, songs: Checkpoint) -> None:
    begun = client.post(READ, {"prime": "短歌", "text": "山水"}).json()
    ids = ids_of(begun["tokens"])
    steps = load_safetensors(client.post(MAP, {"ids": ids, "gate": "f", "layer": "0"}).content)
    assert steps["steps"].shape == (32, len(begun["tokens"]))
    for bad in ({"gate": "x", "layer": "0"}, {"gate": "h", "layer": "7"}, {"gate": "h"}):
        assert client.post(MAP, {"ids": ids, **bad}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": "山" * 1001}, "At most 1,000 characters can be given here."),
        ({"prime": "山" * 101}, "At most 100 characters can be given here."),
        ({"text": "a\0b"}, "This isn’t text: it contains a NUL or half a character."),
        ({"text": "🙂" * 900}, "This beginning is too long to be continued here."),
    ],
)
def test_a_bad_beginning_gets_one_clear_sentence(
    client: Client, songs: Checkpoint, fields: dict, sentence: str
) -> None:
    answer = client.post(READ, fields)
    assert (answer.status_code, answer.json()["error"]) == (400, sentence)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ids": ""}, "There is no text to continue."),
        ({"ids": "1,x"}, "There is no text to continue."),
        ({"ids": "999999", "start": 1}, "The text isn’t this checkpoint’s. Start a new text."),
        ({"ids": ",".join(["1"] * 1201)}, "The text has reached the length that is kept here."),
        ({"start": "-1"}, "There is no text to continue."),
        ({"seed": "x"}, "The seed is a whole number from 0 to 2⁵³ − 1."),
        ({"temperature": "nan"}, "The temperature is a number from 0 to 2."),
        ({"temperature": "3"}, "The temperature is a number from 0 to 2."),
    ],
)
def test_a_bad_continuation_gets_one_clear_sentence(
    client: Client, songs: Checkpoint, changes: dict, sentence: str
) -> None:
    begun = client.post(READ, {"prime": "短歌"}).json()
    assert write(client, begun, **changes)["error"] == sentence


def test_another_language_is_read_and_said_to_be_foreign(client: Client, songs: Checkpoint) -> None:
    answer = client.post(READ, {"prime": "短歌", "text": "一二三四五六七八"}).json()
    assert "hardly met these characters" in answer["note"]
    empty = client.post(READ, {"prime": "无名", "text": ""}).json()
    assert empty["note"]
    assert write(client, empty)["tokens"]
