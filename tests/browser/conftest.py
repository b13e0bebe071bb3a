"""The stage for a real browser: the site on a port of its own, and an ear for every complaint."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Browser, BrowserContext, Page, expect

from memory_app import services
from memory_app.core.engine.core import Engine
from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.sampling.batched import Sampler
from memory_app.models import Chat, Checkpoint
from tests.browser import chromium
from tests.browser.gate_view import Trace, drawn, trace_of
from tests.browser.server import SiteServer, free_port
from tests.browser.visitor import Visitor
from tests.conftest import spoken_turn

# Playwright keeps an event loop in this thread, which Django would take for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

# A machine that trains beside the tests is slow, and slowness is no fault of the page.
expect.set_options(timeout=20_000)

COMPLAIN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP", event.violatedDirective, event.blockedURI, event.sourceFile));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if chromium.PATH is None and not os.environ.get("REQUIRE_SERVICES"):
        for item in items:
            if "tests/browser" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    if chromium.PATH is None:
        pytest.fail("chromium is not installed, and REQUIRE_SERVICES is set")
    # Chromium's sandbox refuses to run as root, which a container's user is.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    return {"executable_path": chromium.PATH, "args": [*sandbox, "--disable-gpu"]}


@pytest.fixture(scope="session")
def base_url() -> str | None:
    """None: every test has a site of its own. (The plugin's own fixture is written in a way that
    pytest has deprecated.)"""
    return None


@pytest.fixture(scope="session")
def port() -> int:
    """The same for every test, so that the browser's cache keeps the static files."""
    return free_port()


@pytest.fixture(scope="session")
def shared_context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.add_init_script(COMPLAIN)
    yield context
    context.close()


@pytest.fixture
def context(
    request: pytest.FixtureRequest, browser_context_args: dict[str, Any], port: int
) -> Iterator[BrowserContext]:
    """A browser that was never here; of earlier tests it has the static files, as a cache.

    A test with arguments of its own for the context gets a context of its own.
    """
    recorded = {request.config.getoption(name) for name in ("--tracing", "--screenshot")} != {"off"}
    if browser_context_args or recorded:
        own = request.getfixturevalue("new_context")()
        own.add_init_script(COMPLAIN)
        yield own
        return
    context = request.getfixturevalue("shared_context")
    yield context
    forget(context, f"http://127.0.0.1:{port}")


def forget(context: BrowserContext, origin: str) -> None:
    """Close every page and remove what a test left in the browser, but for its cache."""
    context.set_offline(False)
    page = context.new_page()
    context.new_cdp_session(page).send(
        "Storage.clearDataForOrigin",
        {"origin": origin, "storageTypes": "local_storage,indexeddb,cache_storage,service_workers"},
    )
    for page in context.pages:
        page.close()
    context.clear_cookies()
    context.clear_permissions()
    context.unroute_all()


@pytest.fixture
def server(checkpoint: Checkpoint, settings: Any, port: int) -> Iterator[SiteServer]:
    from chatsite.asgi import application

    server = SiteServer(application, port)
    settings.SITE_ORIGINS = [server.url]
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    sockets = [*policy["connect-src"], server.url.replace("http", "ws", 1)]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy | {"connect-src": sockets}}
    server.start()
    yield server
    if server.thread.is_alive():
        server.stop()


@pytest.fixture
def complaints(context: BrowserContext, server: SiteServer) -> Iterator[list[str]]:
    """Console errors, faults in scripts, CSP violations, requests to anybody else: none may be.

    A test that provokes some takes them out of the list.
    """
    heard: list[str] = []

    def fault(error: Any) -> None:
        heard.append(f"fault: {error.error}")

    def said(message: Any) -> None:
        if message.type == "error":
            heard.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith((server.url, "data:", "blob:")):
            heard.append(f"asked {request.url}")

    def opened(dialog: Any) -> None:
        heard.append("a dialog")
        dialog.dismiss()

    listeners = {"weberror": fault, "console": said, "dialog": opened, "request": asked}
    for event, listener in listeners.items():
        context.on(event, listener)  # type: ignore[call-overload]
    yield heard
    for event, listener in listeners.items():
        context.remove_listener(event, listener)
    assert heard == []


@pytest.fixture
def visitor(page: Page, server: SiteServer, complaints: list[str]) -> Visitor:
    return Visitor(page, server.url)


@pytest.fixture
def another_tab(context: BrowserContext, server: SiteServer) -> Callable[[], Visitor]:
    """The same browser, so the same guest."""
    return lambda: Visitor(context.new_page(), server.url)


@pytest.fixture
def as_staff(server: SiteServer) -> Callable[[Page, str], Page]:
    """`as_staff(page, path)`: the page stands at that path, with a member of staff before it."""

    def log_in(page: Page, path: str) -> Page:
        get_user_model().objects.create_superuser("dora", password="dora-pass-word")
        page.goto(f"{server.url}/admin/login/?next={path}")
        page.get_by_label("Username").fill("dora")
        page.get_by_label("Password").fill("dora-pass-word")
        page.keyboard.press("Enter")
        # By its whole address: that of the log-in ends alike, with where to go on to.
        page.wait_for_url(f"{server.url}{path}")
        return page

    return log_in


def slow_down(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Each step of the chats' engine takes so much longer; that of the panel's questions, which
    captures no gates, doesn't."""
    step = Engine.step

    def step_slowly(engine: Engine) -> Any:
        if engine._capture_gates:
            time.sleep(seconds)
        return step(engine)

    monkeypatch.setattr(Engine, "step", step_slowly)


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model as small as the tests' is done before a person could look: let it take its time."""
    slow_down(monkeypatch, 0.03)


@pytest.fixture
def will_say(monkeypatch: pytest.MonkeyPatch, model: Model) -> Callable[[str], None]:
    """Puts words into the model's mouth: `will_say(text)` is what it draws in each later reply."""
    words: list[int] = []
    # Of each thread: the panel's questions are asked in another than the chats' replies.
    here = threading.local()
    decode, sample = Engine._decode, Sampler.sample

    def decode_one(engine: Engine) -> Any:
        here.speaking = list(engine.scheduler.running)
        return decode(engine)

    def sample_words(sampler: Sampler, logits: Any, n: int) -> Any:
        ids, logprobs = sample(sampler, logits, n)
        if words:
            for row, request in enumerate(here.speaking):
                ids[row] = words[min(len(request.reply_ids), len(words) - 1)]
        return ids, logprobs

    def will_say(text: str) -> None:
        words[:] = [*model.tokenizer.encode(text), model.tokenizer.end_id]

    monkeypatch.setattr(Engine, "_decode", decode_one)
    monkeypatch.setattr(Sampler, "sample", sample_words)
    return will_say


@pytest.fixture
def gates(visitor: Visitor, checkpoint: Checkpoint, model: Model) -> Visitor:
    """The gate view of a first reply, in a chat of the visitor's that was written to the database.

    Typing and streaming it would take most of the test's time.
    """
    visitor.page.request.get(f"{visitor.url}/")
    person = services.person_of_session(visitor.session())
    assert person is not None
    chat = Chat.objects.create(owner=person, checkpoint=checkpoint)
    reply = random.Random(11).choices(plain_ids(model), k=200)
    turn = spoken_turn(chat, "My name is Clara.", reply, status="length")
    visitor.page.goto(f"{visitor.url}/turn/{turn.pk}/")
    drawn(visitor.page)
    return visitor


def plain_ids(model: Model) -> list[int]:
    """Every token that a reply may contain."""
    return sorted(set(range(model.tokenizer.vocab_size)) - model.tokenizer.special_ids)


@pytest.fixture
def trace(gates: Visitor) -> Trace:
    """All the numbers of the turn in `gates`."""
    return trace_of(gates.page)
