"""The page of speech: what it scores, who may use the microphone, no checkpoint, no promise."""

import pytest
from django.test import Client

from memory_app import registry
from memory_app.models import Checkpoint, Evaluation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def spoken(spoken_folder) -> Checkpoint:
    return registry.register(spoken_folder)


def test_without_a_checkpoint_nothing_is_promised(client: Client) -> None:
    page = client.get("/lab/speech/")
    assert page.status_code == 404
    assert b"There is no checkpoint for speech here." in page.content


def test_the_page_says_what_it_scores_by_speaker(client: Client, spoken: Checkpoint) -> None:
    assert "been evaluated yet" in client.get("/lab/speech/").content.decode()
    own = {"wer": 0.25, "wer_strings": 0.2, "n": 40}
    figures = {**own, "per_speaker": {"ann": {**own, "n": 20}, "x": "damaged"}, "n": 40}
    Evaluation.objects.create(checkpoint=spoken, suite="speech", result={"speech": figures})
    page = client.get("/lab/speech/").content.decode()
    assert "14.2%–40.2%" in page  # Wilson's interval of 10 in 40
    assert "ann" in page
    assert "20.0%" in page
    assert "25.0% of single words wrong" in client.get("/lab/").content.decode()


def test_only_this_page_may_ask_for_the_microphone(client: Client, spoken: Checkpoint) -> None:
    assert "microphone=(self)" in client.get("/lab/speech/").headers["Permissions-Policy"]
    for path in ("/", "/lab/"):
        assert "microphone=()" in client.get(path).headers["Permissions-Policy"]


def test_a_checkpoint_for_speech_serves_no_chats(spoken: Checkpoint) -> None:
    assert spoken.task == "speech"
    assert not spoken.serves_chats
    with pytest.raises(registry.RegistryError, match="trained for speech"):
        registry.promote(spoken)
