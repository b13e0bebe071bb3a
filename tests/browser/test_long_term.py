"""A guest signs up, has a chat remembered, finds it known in a new chat, and forgets it."""

import re

import pytest
from playwright.sync_api import expect

from memory_app import registry
from memory_app.core.consolidation import statistics
from memory_app.models import Checkpoint, Consolidation, LongTermMemory
from memory_app.services.chat.consolidate import consolidation_execute, memory_refit
from tests.browser.visitor import Visitor


@pytest.fixture
def checkpoint(transactional_db: None) -> Checkpoint:
    """The one that ships: a random model remembers nothing."""
    row = registry.register(registry.BUNDLED / "en")
    registry.promote(row)
    return row


@pytest.fixture(autouse=True)
def _few_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a checkpoint needs once takes a quarter of a minute; a tenth of it will do here."""
    monkeypatch.setattr(statistics, "POSITIONS", 900)
    monkeypatch.setattr(statistics, "ABSTENTIONS", 1)
    monkeypatch.setattr(statistics, "ABSTENTION_CONTEXTS", 1)
    monkeypatch.setattr(statistics, "FORMAT_VERSION", 0)


def test_a_chat_is_remembered_for_good_and_forgotten(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    told = visitor.chat
    page.goto(f"{visitor.url}/chat/{told}/remember/")
    expect(page.locator(".notice")).to_contain_text("needs an account")
    page.locator("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("Username").fill("clara")
    page.get_by_label("Password", exact=True).fill("clara-pass-word")
    page.get_by_label("Password confirmation").fill("clara-pass-word")
    page.locator("main").get_by_role("button", name="Sign up").click()
    page.wait_for_url(f"**/chat/{told}/remember/")
    page.get_by_role("button", name="Remember for good").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    # The worker's part, in this process; the page loads itself again until that is done.
    consolidation_execute(key=Consolidation.objects.get().pk)
    expect(page.locator(".known")).to_contain_text("Clara")
    asked = page.locator(".exam tr", has_text="Right answers in a new chat")
    expect(asked.locator("td").first).to_have_text("0%")
    expect(asked.locator("td").last).to_have_text(re.compile(r"^([5-9]\d|100)%$"))

    page.goto(f"{visitor.url}/chats/")
    page.get_by_role("button", name="New chat").first.click()
    page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}/$"))
    assert visitor.chat != told
    name = page.locator(
        ".gauge-row", has=page.locator(".gauge-label", has_text=re.compile("^name$"))
    )
    expect(name.locator(".gauge-value")).to_have_text("Clara")
    expect(name.locator(".gauge-weights")).to_be_visible()
    visitor.talk("Hello.")
    expect(page.locator("#gauge-rows[aria-busy]")).to_have_count(0)
    expect(name.locator(".gauge-value")).to_have_text("Clara")
    expect(name.locator(".gauge-weights")).to_be_visible()

    page.goto(f"{visitor.url}/accounts/you/")
    expect(page.locator(".known")).to_contain_text("Clara")
    page.get_by_role("button", name="Forget all that was remembered").first.click()
    expect(page.get_by_text("Nothing is remembered for good.")).to_be_visible()
    memory = LongTermMemory.objects.get()
    assert memory.sha256 == ""
    memory_refit(key=memory.pk)
    assert LongTermMemory.objects.get().sha256 == ""
