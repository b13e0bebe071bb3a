"""The stage for a real browser: the site on a port of its own, and an ear for every complaint."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import BrowserContext, Page, expect

from memory_app.core.engine.core import Engine
from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.sampling.batched import Sampler
from memory_app.models import Checkpoint
from tests.browser.gate_view import Trace, open_gates, trace_of
from tests.browser.server import SiteServer, free_port
from tests.browser.visitor import Visitor

# Playwright keeps an event loop in this thread, which Django would take for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)

# A machine that trains beside the tests is slow, and slowness is no fault of the page.
expect.set_options(timeout=20_000)

COMPLAIN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP", event.violatedDirective, event.blockedURI, event.sourceFile));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None and not os.environ.get("REQUIRE_SERVICES"):
        for item in items:
            if "tests/browser" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.fail("chromium is not installed, and REQUIRE_SERVICES is set")
    # Chromium's sandbox refuses to run as root, which a container's user is.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    return {"executable_path": CHROMIUM, "args": [*sandbox, "--disable-gpu"]}


@pytest.fixture(scope="session")
def base_url() -> str | None:
    """None: every test has a site of its own. (The plugin's own fixture is written in a way that
    pytest has deprecated.)"""
    return None


@pytest.fixture
def server(checkpoint: Checkpoint, settings: Any) -> Iterator[SiteServer]:
    from chatsite.asgi import application

    server = SiteServer(application, free_port())
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
    context.add_init_script(COMPLAIN)
    context.on("weberror", lambda fault: heard.append(f"fault: {fault.error}"))
    context.on(
        "console",
        lambda message: heard.append(message.text) if message.type == "error" else None,
    )
    context.on("dialog", lambda dialog: (heard.append("a dialog"), dialog.dismiss()))

    def asked(request: Any) -> None:
        if not request.url.startswith((server.url, "data:", "blob:")):
            heard.append(f"asked {request.url}")

    context.on("request", asked)
    yield heard
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
    """Each of the engine's steps takes so much longer."""
    step = Engine.step

    def step_slowly(engine: Engine) -> Any:
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
    speaking: list[Any] = []
    decode, sample = Engine._decode, Sampler.sample

    def decode_one(engine: Engine) -> Any:
        speaking[:] = engine.scheduler.running
        return decode(engine)

    def sample_words(sampler: Sampler, logits: Any, n: int) -> Any:
        ids, logprobs = sample(sampler, logits, n)
        if words:
            for row, request in enumerate(speaking):
                ids[row] = words[min(len(request.reply_ids), len(words) - 1)]
        return ids, logprobs

    def will_say(text: str) -> None:
        words[:] = [*model.tokenizer.encode(text), model.tokenizer.end_id]

    monkeypatch.setattr(Engine, "_decode", decode_one)
    monkeypatch.setattr(Sampler, "sample", sample_words)
    return will_say


@pytest.fixture
def gates(visitor: Visitor) -> Visitor:
    """The gate view of a first reply."""
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    return open_gates(visitor)


@pytest.fixture
def trace(gates: Visitor) -> Trace:
    """All the numbers of the turn in `gates`."""
    return trace_of(gates.page)
