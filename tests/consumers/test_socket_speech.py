"""The Lab's socket for speech: words as they are said, and every bad message in one sentence."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from safetensors.torch import load as load_safetensors

from memory_app import registry
from memory_app.core.audio.log_mel import SAMPLE_RATE
from memory_app.core.tasks.speech.words import DIGITS
from memory_app.models import Checkpoint
from tests.conftest import Socket
from tests.core.tasks.test_speech import said

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]


class Ear(Socket):
    """One socket: sound in, messages out."""

    def __init__(self, origin: bytes) -> None:
        from chatsite.asgi import application

        super().__init__(application, "/ws/lab/speech/", [(b"origin", origin)])

    async def tell(self, message: object) -> dict:
        await self.send_text(message if isinstance(message, str) else json.dumps(message))
        return await self.next()

    async def hear(self, sound: bytes) -> dict:
        await self.send_bytes(sound)
        return await self.next()

    async def end(self) -> tuple[dict, dict]:
        heard = await self.tell({"type": "speech.end"})
        return heard, await self.next()


@pytest.fixture
def spoken(transactional_db: None, spoken_folder: Path) -> Checkpoint:
    return registry.register(spoken_folder)


Connect = Callable[..., Awaitable[Ear]]


@pytest_asyncio.fixture
async def connect(transactional_db: None) -> AsyncIterator[Connect]:
    ears: list[Ear] = []

    async def one(origin: bytes = b"http://localhost:8000", *, refused: bool = False) -> Ear:
        ear = Ear(origin)
        connected = await ear.connect()
        assert connected is not refused
        if connected:
            ears.append(ear)
        return ear

    yield one
    for ear in ears:
        await ear.leave()


def pcm(words: list[int]) -> bytes:
    return (said(words).numpy() * 32767).astype("<i2").tobytes()


async def test_words_come_as_they_are_said(spoken: Checkpoint, connect: Connect) -> None:
    ear = await connect()
    ready = await ear.next()
    assert (ready["type"], ready["sample_rate"], ready["bands"]) == ("speech.ready", 16_000, 40)
    assert (await ear.tell({"type": "speech.begin"}))["type"] == "speech.begun"
    sound, words, frames = pcm([3, 7, 1]), [], 0
    for at in range(0, len(sound), 3200):
        heard = await ear.hear(sound[at : at + 3200])
        assert heard["first"] == frames
        frames += heard["frames"]
        assert len(base64.b64decode(heard["loud"])) == 40 * heard["frames"]
        assert len(heard["word"]) == len(heard["gates"]) == heard["frames"]
        assert all(0 <= mean <= 1 for frame in heard["gates"] for mean in frame[0][:2])
        words += heard["words"]
    heard, finished = await ear.end()
    words += heard["words"]
    assert finished["type"] == "speech.finished"
    assert finished["words"] == words
    assert finished["frames"] == frames + heard["frames"]
    assert [one["word"] for one in words] == [DIGITS[k] for k in (3, 7, 1)]
    answer = await ear.tell({"type": "speech.map", "layer": 0, "gate": "f"})
    tensors = load_safetensors(base64.b64decode(answer["data"]))
    assert tensors["steps"].shape[1] == finished["frames"]


async def test_the_next_recording_knows_nothing_of_the_last(
    spoken: Checkpoint, connect: Connect
) -> None:
    ear = await connect()
    await ear.next()
    results = []
    for _ in range(2):
        await ear.tell({"type": "speech.begin"})
        await ear.hear(pcm([4, 2]))
        results.append((await ear.end())[1])
    assert results[0] == results[1]


async def test_a_piece_below_a_frame_waits_for_the_next(
    spoken: Checkpoint, connect: Connect
) -> None:
    ear = await connect()
    await ear.next()
    await ear.tell({"type": "speech.begin"})
    await ear.send_bytes(b"\0\0" * 100)
    assert await ear.silent()
    assert (await ear.hear(b"\0\0" * 500))["frames"] == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", "invalid"),
        ("[]", "unknown_type"),
        ('{"type": "speech.sound"}', "unknown_type"),
        ('{"type": "turn.send"}', "unknown_type"),
        ('{"type": 7}', "unknown_type"),
        ("[" * 1500, "invalid"),
        ("x" * 5000, "too_long"),
        (b"\0\0\0", "invalid"),
        (b"\0" * 65_538, "too_long"),
        ({"type": "speech.map", "layer": 9, "gate": "f"}, "invalid"),
        ({"type": "speech.map", "layer": 0, "gate": "nonsense"}, "invalid"),
        ({"type": "speech.map", "layer": True, "gate": "f"}, "invalid"),
        ({"type": "speech.map", "layer": 0, "gate": "f"}, "invalid"),  # nothing was heard
    ],
)
async def test_what_is_no_message_gets_a_sentence_and_the_socket_stays(
    spoken: Checkpoint, connect: Connect, message: object, code: str
) -> None:
    ear = await connect()
    await ear.next()
    await ear.tell({"type": "speech.begin"})
    answer = await (ear.hear(message) if isinstance(message, bytes) else ear.tell(message))
    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer["detail"].endswith(".")
    assert (await ear.tell({"type": "speech.begin"}))["type"] == "speech.begun"


async def test_sound_before_a_recording_and_after_its_end_is_refused(
    spoken: Checkpoint, connect: Connect
) -> None:
    ear = await connect()
    await ear.next()
    assert "has begun" in (await ear.hear(b"\0\0"))["detail"]
    await ear.tell({"type": "speech.begin"})
    await ear.end()
    assert "has ended" in (await ear.hear(b"\0\0"))["detail"]
    assert "has ended" in (await ear.tell({"type": "speech.end"}))["detail"]


async def test_a_recording_has_an_end(spoken: Checkpoint, connect: Connect) -> None:
    ear = await connect()
    await ear.next()
    await ear.tell({"type": "speech.begin"})
    piece = np.zeros(2 * SAMPLE_RATE, "<i2").tobytes()
    for _ in range(15):
        assert (await ear.hear(piece))["type"] == "speech.heard"
    assert (await ear.hear(piece))["code"] == "too_long"
    assert (await ear.end())[1]["words"] == []  # silence says nothing


async def test_another_site_hears_nothing(spoken: Checkpoint, connect: Connect) -> None:
    await connect(b"http://elsewhere.example", refused=True)


async def test_without_a_checkpoint_the_socket_says_so_and_closes(connect: Connect) -> None:
    ear = await connect()
    answer = await ear.next()
    assert answer["code"] == "not_found"
    await ear.closed()
