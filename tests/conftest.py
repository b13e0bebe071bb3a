"""The cast and the stage: Alice owns the chat, Bob has one of his own, Charlie has none."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
import torch
from asgiref.sync import SyncToAsync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connections, transaction
from django.test import Client
from django.utils import translation

from memory_app import generation, registry, runtime, services
from memory_app.chat_file.content import spoken
from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.model.checkpoint import load_checkpoint, save_checkpoint
from memory_app.core.model.checkpoint_format import Checked, check_incoming
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.models import Chat, Checkpoint, Person, Turn
from memory_app.pending_chats import pending_chat
from memory_app.services.chat.pending_chats import chat_store
from tests.quick_flush import quick_flush

SENTENCES = [
    "My name is Clara and I live in Lima.",
    "What is my name? Your name is Clara.",
    "I have a cat. What pet do I have? You have a cat.",
    "你好，很高兴认识你。",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest starts first, so that no worker waits for another at the end."""
    longest = {"kills", "services"}
    items.sort(key=lambda item: not longest & {marker.name for marker in item.iter_markers()})


#: Seconds that an answer may take on a slow and busy machine before the test gives up.
PATIENCE = 60


def make_checkpoint(folder: Path, *, seed: int = 1, cell: str = "lstm", **sizes: int) -> str:
    """A random model, small and fast, whose logits differ enough that its samples vary."""
    tokenizer = Tokenizer.train(SENTENCES * 4, 300)
    torch.manual_seed(seed)
    shape = {"embedding_dim": 16, "hidden_size": 16, "num_layers": 2} | sizes
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, cell=cell, **shape))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
        # The end is unlikely by itself: a test that wants a short reply asks for one.
        model.head.bias[tokenizer.end_id] = -8
    return save_checkpoint(folder, model, tokenizer, {"name": folder.name})


@pytest.fixture(scope="session", autouse=True)
def _flushed_quickly() -> Iterator[None]:
    with quick_flush():
        yield


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "small"
    make_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def model(checkpoint_folder: Path) -> Model:
    """The checkpoint's files, loaded apart from the site."""
    return load_checkpoint(checkpoint_folder)


@pytest.fixture(scope="session")
def checked(checkpoint_folder: Path) -> Checked:
    """What the check of the checkpoint's files gives: a tenth of a second, for a thousand tests."""
    return check_incoming(checkpoint_folder)


@pytest.fixture
def checkpoint(transactional_db: None, checkpoint_folder: Path, checked: Checked) -> Checkpoint:
    row = registry.register(checkpoint_folder, check=lambda _: checked)
    registry.promote(row)
    return row


@dataclass
class Player:
    """Somebody with a browser: a person, and a client that is logged in as them."""

    person: Person
    client: Client

    @property
    def cookie(self) -> str:
        return str(self.client.cookies[settings.SESSION_COOKIE_NAME].value)


@pytest.fixture
def make_player(transactional_db: None, django_user_model: Any) -> Callable[[str], Player]:
    def make(name: str) -> Player:
        user = django_user_model.objects.create_user(name, password=f"{name}-pass-word")
        client = Client()
        client.force_login(user)
        return Player(Person.objects.get(user=user), client)

    return make


@pytest.fixture
def guest(checkpoint: Checkpoint) -> Player:
    """A visitor without an account, known by the cookie of the front page."""
    client = Client()
    client.get("/")
    return Player(Person.objects.filter(user=None).latest("created"), client)


@pytest.fixture
def alice(make_player: Callable[[str], Player]) -> Player:
    return make_player("alice")


@pytest.fixture
def bob(make_player: Callable[[str], Player]) -> Player:
    return make_player("bob")


@pytest.fixture
def charlie(make_player: Callable[[str], Player]) -> Player:
    return make_player("charlie")


@pytest.fixture
def chat(alice: Player, checkpoint: Checkpoint) -> Chat:
    return Chat.objects.create(owner=alice.person, checkpoint=checkpoint)


def spoken_turn(
    chat: Chat,
    text: str,
    reply: str | list[int],
    *,
    sampling: dict[str, Any] | None = None,
    **more: Any,
) -> Turn:
    """A committed turn at the chat's head, with a reply in these words or token ids."""
    begun = services.turn_begin(
        chat=chat, client_turn_id=uuid4(), text=text, sampling=sampling or {}
    )
    tokenizer = begun.model.tokenizer
    ids = tokenizer.encode(reply) if isinstance(reply, str) else reply
    return services.turn_commit(
        turn=begun.turn,
        model=begun.model,
        before=begun.before,
        reply_ids=ids,
        reply_text=reply if isinstance(reply, str) else spoken(tokenizer, ids),
        **{"status": "complete", **more},
    )


def stored(key: Any) -> Chat:
    """The chat of this id; one that was opened and never spoken in gets its row now."""
    for person in Person.objects.exclude(pending=[]):
        chat = pending_chat(person, key)
        if chat is not None:
            with transaction.atomic():
                chat_store(chat=chat)
    return Chat.objects.get(pk=key)


class Socket:
    """A client of the chat's socket, in JSON."""

    def __init__(self, application: Any, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        # channels.testing would do, but it imports daphne, which nothing else here needs.
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
        }
        self.raw = ApplicationCommunicator(application, scope)

    async def connect(self) -> bool:
        await self.raw.send_input({"type": "websocket.connect"})
        return (await self.raw.receive_output(PATIENCE))["type"] == "websocket.accept"

    async def leave(self) -> None:
        await self.raw.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.raw.wait(PATIENCE)

    async def send_text(self, frame: str) -> None:
        await self.raw.send_input({"type": "websocket.receive", "text": frame})

    async def send_bytes(self, frame: bytes) -> None:
        await self.raw.send_input({"type": "websocket.receive", "bytes": frame})

    async def send(self, kind: str, **fields: Any) -> None:
        await self.send_text(json.dumps({"type": kind, **fields}, default=str))

    async def next(self) -> dict[str, Any]:
        event = await self.raw.receive_output(PATIENCE)
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Every frame up to the first of this type, that one included."""
        frames = [await self.next()]
        while frames[-1]["type"] != kind:
            assert frames[-1]["type"] != "error", frames[-1]
            frames.append(await self.next())
        return frames

    async def say(self, text: str = "Hello", **sampling: Any) -> list[dict[str, Any]]:
        """One message and all the frames of its turn."""
        settings = {"max_tokens": 6, "seed": 7} | sampling
        await self.send("turn.send", client_turn_id=uuid4(), text=text, sampling=settings)
        return await self.until("turn.finished")

    async def silent(self) -> bool:
        return await self.raw.receive_nothing(0.2, 0.02)

    async def closed(self) -> int:
        """The code that the server closes with; frames before it are skipped."""
        while True:
            event = await self.raw.receive_output(PATIENCE)
            if event["type"] == "websocket.close":
                return int(event.get("code") or 1000)


OpenSocket = Callable[..., Awaitable[Socket]]


@pytest_asyncio.fixture
async def open_socket(checkpoint: Checkpoint) -> AsyncIterator[OpenSocket]:
    """Opens sockets, with the first frame left in them, and closes them after the test."""
    from chatsite.asgi import application

    opened: list[Socket] = []

    async def open_one(
        player: Player | None,
        chat: Chat,
        *,
        origin: str | None = "http://localhost:8000",
        headers: list[tuple[bytes, bytes]] | None = None,
        refused: bool = False,
        ready: bool = True,
    ) -> Socket:
        sent = list(headers or [])
        if origin is not None:
            sent.append((b"origin", origin.encode("latin-1")))
        if player is not None:
            sent.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={player.cookie}".encode()))
        path = f"/ws/chat/{getattr(chat, 'pk', chat)}/"
        socket = Socket(application, path, sent)
        opened.append(socket)
        connected = await socket.connect()
        assert connected is not refused
        if connected and ready:
            assert (await socket.next())["type"] == "chat.ready"
        return socket

    yield open_one
    await asyncio.gather(*(socket.leave() for socket in opened), return_exceptions=True)
    await generation.stop()


@pytest.fixture(autouse=True)
def _connections_of_other_threads_are_closed() -> Iterator[None]:
    """The thread in which asgiref runs a test's own queries outlives the test."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result(10)


@pytest.fixture(autouse=True)
def _language_ends_with_its_test() -> Iterator[None]:
    """A request's language stays with its thread until the next request; the next test has none."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _engine_ends_with_the_tests() -> Iterator[None]:
    yield
    runtime.stop()


class Tap:
    """Lets tokens of the engine through up to a number, so that a test may act in mid-reply."""

    def __init__(self, through: int) -> None:
        self.through = through
        self.opened = asyncio.Event()

    def open(self) -> None:
        self.opened.set()


class _Tapped:
    """A TokenStream behind a Tap."""

    def __init__(self, stream: Any, tap: Tap) -> None:
        self.stream, self.tap, self.count = stream, tap, 0
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
        self.stream.cancel()
        self.tap.open()

    @property
    def ahead(self) -> int:
        return int(self.stream.ahead)

    @property
    def finish_reason(self) -> Any:
        return "stopped" if self.cancelled else self.stream.finish_reason

    def __aiter__(self) -> "_Tapped":
        return self

    async def __anext__(self) -> Any:
        if self.count >= self.tap.through:
            await self.tap.opened.wait()
        if self.cancelled:
            raise StopAsyncIteration
        self.count += 1
        return await anext(self.stream)


@pytest.fixture
def tap(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Tap]:
    """`tap(5)`: every reply from here on stands still after five tokens until `open()`."""

    def make(through: int) -> Tap:
        made = Tap(through)
        submit = runtime.get_engine().submit
        monkeypatch.setattr(
            runtime.get_engine(),
            "submit",
            lambda *args, **options: _Tapped(submit(*args, **options), made),
        )
        return made

    return make


@pytest.fixture(scope="session")
def songs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint for completion, trained once a session."""
    from memory_app.core.tasks import COMPLETION
    from memory_app.core.training.run import run
    from tests.core.tasks.test_completion import SETTINGS, SOURCE

    result = run(COMPLETION, SETTINGS, [SOURCE], tmp_path_factory.mktemp("run"), name="songs")
    assert result.checkpoint is not None
    return result.checkpoint


@pytest.fixture(scope="session")
def translation_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small checkpoints for translation by `attention`, off and on, trained once a session."""
    from memory_app.core.tasks import TRANSLATION
    from memory_app.core.training.run import run
    from tests.core.tasks.test_translation import SETTINGS, SOURCE

    folders = {}
    for attention in ("off", "on"):
        settings = SETTINGS.changed({"attention": attention})
        folder = tmp_path_factory.mktemp("run")
        result = run(TRANSLATION, settings, [SOURCE], folder, name=f"pairs-{attention}")
        assert result.checkpoint is not None
        folders[attention] = result.checkpoint
    return folders


@pytest.fixture(scope="session")
def sentiment_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint for sentiment, trained once a session."""
    # Imported here: sessions without these tests need no training code and no test module.
    from memory_app.core.tasks import SENTIMENT
    from memory_app.core.training.run import run
    from tests.core.tasks.test_sentiment import SETTINGS, SOURCE

    result = run(SENTIMENT, SETTINGS, [SOURCE], tmp_path_factory.mktemp("run"), name="reviews")
    assert result.checkpoint is not None
    return result.checkpoint


@pytest.fixture(scope="session")
def spoken_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint for speech whose words are tones, trained once a session."""
    from memory_app.core.tasks import SPEECH
    from memory_app.core.training.run import run
    from tests.core.tasks.test_speech import SETTINGS, tones_for_words

    with tones_for_words():
        result = run(SPEECH, SETTINGS, [], tmp_path_factory.mktemp("run"), name="tones")
    assert result.checkpoint is not None
    return result.checkpoint
