"""Long-term memory from the dashboard, on the whole site in processes of its own.

A corpus is uploaded and a run started from the forms and watched; its worker is killed in the
middle; it goes on by itself and ends; its checkpoint is promoted; a new chat is on it while an old
one keeps its own. How long the first point of the curve took is printed (pytest -s), not asked.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.visitor import Visitor
from tests.processes.site import Site, until

PREPARE = """
from pathlib import Path
from typing import Any
from django.contrib.auth.models import User
from memory_app import registry
from memory_app.management.base import prepare_database
prepare_database()
registry.promote(registry.register(Path({folder!r})))
User.objects.create_superuser("mira", "", "mira-pass-word")
"""
TALK = "User: Do you like {0}?\nBot: I like {0} a lot.\nUser: Why?\nBot: Because of the {0}.\n\n"
NOBODY = "Somebody: Who says this?\n\n"
#: Small enough to be done in a minute, long enough to be killed in the middle.
SMALL = {
    "steps": 600,
    "vocab_size": 300,
    "hidden_size": 16,
    "embedding_dim": 16,
    "batch_tokens": 256,
    "pool_tokens": 4000,
    "evaluate_every": 150,
    "save_every": 20,
}
#: Milliseconds that a run of this size may take on a busy machine before the test gives up.
PATIENCE = 240_000


@pytest.fixture
def site(tmp_path: Path, checkpoint_folder: Path) -> Iterator[Site]:
    """The site with the small model, no corpus, and Mira, who is on the staff."""
    site = Site(tmp_path / "data")
    made = site.manage("shell", "-v0", "-c", PREPARE.format(folder=str(checkpoint_folder)))
    assert made.returncode == 0, made.stderr
    site.start()
    yield site
    site.kill_all()


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    heard: list[str] = []

    def fault(error: Any) -> None:
        heard.append(f"fault: {error.error}")

    def said(message: Any) -> None:
        if message.type == "error":
            heard.append(message.text)

    context.on("weberror", fault)
    context.on("console", said)
    yield heard
    context.remove_listener("weberror", fault)
    context.remove_listener("console", said)
    assert heard == []


def step_of(page: Page) -> int:
    shown = page.locator("#live .tile dd").first.inner_text()
    return int(re.sub(r"\D", "", shown) or 0)


def checkpoint_of(page: Page, url: str) -> str:
    answer = page.request.get(f"{url}/chat/{Visitor(page, url).chat}/turns.json")
    return str(answer.json()["checkpoint"]["id"])


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/")
    page.get_by_label("Username").fill("mira")
    page.get_by_label("Password").fill("mira-pass-word")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def upload(page: Page, url: str, file: Path, split: str) -> None:
    """Through the form; what it holds is read by the confined process, which refuses a row."""
    page.goto(f"{url}/admin/corpora/")
    page.set_input_files("#file", file)
    expect(page.get_by_label("Name")).to_have_value(file.stem)
    page.get_by_label("Split", exact=True).select_option(split)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/admin/corpora/*-*/")
    expect(page.locator(".messagelist")).to_contain_text("Dialogues imported: 32. Rows refused: 1.")


def press(page: Page, button: str, status: str) -> float:
    """Seconds until the page tells of the new status; nobody loads it again."""
    began = time.monotonic()
    if button == "Cancel":
        # It asks on a page of its own, which leads back here.
        page.locator("#live").get_by_role("link", name="Cancel").click()
        button = "Cancel the run"
        page.get_by_role("button", name=button).click()
    else:
        page.locator("#live").get_by_role("button", name=button).click()
    expect(page.locator("#status")).to_have_attribute("data-status", status, timeout=PATIENCE)
    return time.monotonic() - began


def test_a_run_is_paused_resumed_and_cancelled_by_its_buttons(
    site: Site, page: Page, complaints: list[str]
) -> None:
    site.wait_until(200)
    url = f"http://localhost:{site.port}"
    log_in(page, url)
    page.goto(f"{url}/admin/runs/new/")
    page.get_by_label("Name", exact=True).fill("of facts alone")
    for group in ("Model shape", "Corpora", "Evaluation, saves and hardware"):
        page.locator("summary", has_text=group).click()
    for key, value in (SMALL | {"steps": 100_000}).items():
        page.locator(f"#set-{key}").fill(str(value))
    page.get_by_role("button", name="Start run").click()
    took = []
    for button, status in (("Pause", "paused"), ("Cancel", "cancelled")):
        until(lambda: step_of(page) > 0, PATIENCE / 1000)
        took.append(press(page, button, status))
        expect(page.get_by_role("button", name=button)).to_have_count(0)
        stood = step_of(page)
        took.append(press(page, "Resume", "running"))
        until(lambda stood=stood: step_of(page) > stood, PATIENCE / 1000)
    # One that stands still can be cancelled as well.
    took += [press(page, "Pause", "paused"), press(page, "Cancel", "cancelled")]
    print("each button's word was done after", ", ".join(f"{one:.1f} s" for one in took))
    page.goto(f"{url}/admin/audit/")
    for deed, times in (("paused a run", 2), ("resumed a run", 2), ("cancelled a run", 2)):
        expect(page.locator("tbody td", has_text=deed)).to_have_count(times)


def test_a_corpus_is_uploaded_and_a_run_of_it_killed_finished_and_promoted(
    site: Site, page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    site.wait_until(200)
    url = f"http://localhost:{site.port}"
    log_in(page, url)
    visitor = Visitor(page, url)
    old = visitor.start_chat()
    visitor.talk("Hello")
    before = checkpoint_of(page, url)

    talks = tmp_path / "talks.txt"
    told = [TALK.format(one) for one in ("tea", "dogs", "rain", "songs") * 8]
    talks.write_text("".join([*told[:16], NOBODY, *told[16:]]))
    for split in ("train", "valid"):
        upload(page, url, talks, split)

    page.goto(f"{url}/admin/runs/new/")
    page.get_by_label("tiny").check()
    page.get_by_label("talks").first.check()
    page.get_by_label("Name", exact=True).fill("mine")
    for group in ("Model shape", "Corpora", "Evaluation, saves and hardware"):
        page.locator("summary", has_text=group).click()
    for key, value in SMALL.items():
        page.locator(f"#set-{key}").fill(str(value))
    began = time.monotonic()
    page.get_by_role("button", name="Start run").click()
    expect(page.get_by_role("heading", name="mine")).to_be_visible()

    # A first point, then live: nobody loads the page again.
    loss = page.locator("[data-chart=loss] canvas")
    expect(loss).to_have_attribute("aria-label", re.compile("loss: "), timeout=PATIENCE)
    print(f"first point after {time.monotonic() - began:.1f} s")
    seen = step_of(page)
    expect(page.locator("#status")).to_have_attribute("data-status", "running")
    expect(page.locator("#live .tile dd").first).not_to_have_text(str(seen), timeout=PATIENCE)

    # Saves fall between batches; after some steps there is one to go on from.
    until(lambda: step_of(page) >= 60, PATIENCE / 1000)
    killed = site.worker()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert step_of(page) < SMALL["steps"]
    until(lambda: site.worker() not in {None, killed}, PATIENCE / 1000)
    finished = page.locator("#status[data-status=finished]")
    expect(finished).to_be_visible(timeout=PATIENCE)
    assert step_of(page) == SMALL["steps"]
    expect(page.locator("[data-chart=bits_per_byte] canvas")).to_have_attribute(
        "aria-label", re.compile("talks: ")
    )

    page.get_by_role("link", name="View checkpoint").click()
    page.get_by_role("link", name="Promote").click()
    # Not examined, so that its name is asked for.
    page.get_by_label("Type “mine” to confirm").fill("mine")
    page.get_by_role("button", name="Promote").click()
    # In the list alone: it is announced, too, once the page's scripts run.
    message = page.get_by_role("listitem").filter(has_text="“mine” is live. New chats use it")
    expect(message).to_be_visible()
    expect(page.locator("h1 + p .status, .head .status").first).to_have_text("live")

    new = visitor.start_chat()
    after = checkpoint_of(page, url)
    assert after != before
    visitor.talk("Do you like tea?")
    page.goto(f"{url}/chat/{old}/")
    assert checkpoint_of(page, url) == before
    visitor.talk("Are you still there?")
    assert page.locator(".turn").count() == 2
    assert new != old

    page.goto(f"{url}/admin/checkpoints/")
    page.get_by_role("link", name="Roll back to small").click()
    page.get_by_role("button", name="Roll back").click()
    # Not by its text alone, which a status repeats for screen readers.
    expect(page.locator(".messagelist")).to_contain_text("“small” is live again")
    page.goto(f"{url}/admin/audit/")
    for deed in ("started a run", "promoted a checkpoint", "rolled back to a checkpoint"):
        expect(page.locator("tbody td", has_text=deed)).to_be_visible()
    expect(page.locator("tbody td", has_text="uploaded a corpus")).to_have_count(2)
