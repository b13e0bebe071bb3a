"""With a finger: whatever is tapped is 44 px high and wide, also in what opens."""

from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from memory_app.models import Checkpoint, Corpus, TrainingRun
from tests.browser.server import SiteServer
from tests.browser.test_dashboard_pages import PLAIN
from tests.browser.touch import Finger
from tests.browser.visitor import Visitor

# Names of one or two characters are the narrowest.
CHINESE = {"name": "django_language", "value": "zh-hans"}


@pytest.fixture
def phone(browser: Browser, server: SiteServer) -> Iterator[Page]:
    device = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**device, reduced_motion="reduce")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def in_chinese(page: Page, url: str) -> None:
    page.context.add_cookies([{**CHINESE, "url": url}])  # type: ignore[list-item]


def test_targets_are_as_large_as_a_finger(phone: Page, server: SiteServer) -> None:
    visitor, finger = Visitor(phone, server.url), Finger(phone)
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    visitor.talk("I live in Rome.")
    phone.locator(".turn:last-child .again").click()
    expect(phone.locator("#branches")).to_have_text("2")
    visitor.wait_for_end()
    chat, turn = visitor.chat, visitor.turn()
    in_chinese(phone, server.url)

    own = ("/accounts/you/", "/accounts/you/delete/")
    signed_out = ("/accounts/signup/", "/accounts/login/")
    for path in ("/", "/about/memory/", *signed_out, "/chats/?q=clara", *own):
        phone.goto(f"{server.url}{path}")
        finger.measure(path)
    phone.goto(f"{server.url}/nowhere/")
    finger.measure("an error page")
    phone.goto(f"{server.url}/chats/")
    finger.measure("the list")
    finger.open_details()
    finger.measure("the import form")
    phone.goto(f"{server.url}/chats/")
    phone.locator(".more").click()
    finger.measure("a chat's menu in the list")
    phone.goto(f"{server.url}/chat/{chat}/menu/")
    finger.measure("a chat's menu as a page")
    phone.goto(f"{server.url}/turn/{turn}/")
    phone.locator(".token").nth(2).click()
    expect(phone.locator("#beat-list li")).to_have_count(10)
    finger.open_details()
    finger.measure("the gate view")
    assert not finger.small, "\n".join(finger.small)


def test_targets_of_a_chat_are_as_large_as_a_finger(phone: Page, server: SiteServer) -> None:
    visitor, finger = Visitor(phone, server.url), Finger(phone)
    in_chinese(phone, server.url)
    phone.goto(server.url)
    phone.locator("form[action='/chat/'] button").first.click()
    phone.wait_for_url("**/chat/*/")
    finger.measure("a new chat")
    for text in ("My name is Clara.", "I live in Rome."):
        before = phone.locator(".turn").count()
        phone.locator("#text").fill(text)
        phone.locator("#send").click()
        expect(phone.locator(".turn")).to_have_count(before + 1)
        visitor.wait_for_end()
    phone.locator(".turn:last-child .again").click()
    expect(phone.locator("#branches")).to_have_text("2")
    visitor.wait_for_end()
    finger.measure("a chat")
    for opens, shuts in (
        (".chat-here .more", ""),
        ("#sampling-open", "#sampling [data-shut]"),
        ("#tree-open", "#tree [data-shut]"),
        (".turn:last-child .edit", ".leave"),
        (".turn:last-child .how", ".turn:last-child .how"),
        ("#title", ""),
        ("[data-opens=rail]", ""),
        (".rail-list .more", ""),
    ):
        phone.locator(opens).click()
        finger.measure(f"a chat with {opens}")
        if shuts:
            phone.locator(shuts).click()
        elif opens != "[data-opens=rail]":
            phone.keyboard.press("Escape")
    phone.reload()
    phone.locator("[data-opens=memory]").click()
    finger.open_details()
    finger.measure("the memory")
    phone.reload()
    phone.locator("#undo").click()
    expect(phone.locator("#later")).to_be_visible()
    finger.measure("a chat with an undone turn")
    assert not finger.small, "\n".join(finger.small)


def test_targets_of_the_dashboard_are_as_large_as_a_finger(
    phone: Page,
    server: SiteServer,
    as_staff: Callable[[Page, str], Page],
    checkpoint: Checkpoint,
) -> None:
    finger = Finger(phone)
    as_staff(phone, "/admin/")
    in_chinese(phone, server.url)
    run = TrainingRun.objects.create(name="r", preset="tiny", status="finished", total_steps=60)
    corpus = Corpus.objects.create(name="c", path="gone", sha256="0" * 64, rows=11)
    paths = [
        *PLAIN,
        reverse("admin:run", args=[run.pk]),
        reverse("admin:corpus", args=[corpus.pk]),
        reverse("admin:checkpoint", args=[checkpoint.pk]),
        reverse("admin:checkpoint_delete", args=[checkpoint.pk]),
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/auth/group/",
        "/admin/password_change/",
        "/accounts/you/",
    ]
    for path in paths:
        phone.goto(f"{server.url}{path}")
        finger.open_details()
        finger.measure(path)
    assert not finger.small, "\n".join(finger.small)
