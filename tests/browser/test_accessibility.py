"""axe-core finds nothing serious on any page: in light and dark, on a phone and on a desk.

axe is fetched by npm into a temporary folder when the tests run; nothing of it lies here.
"""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from memory_app import registry
from tests.browser.visitor import Visitor

AXE = "axe-core@4.14.1"
GRAVE = {"serious", "critical"}
GROUND = """() => [document.documentElement, document.body]
  .map((box) => getComputedStyle(box).backgroundColor).join()"""

# Scripts hear of another theme in the next frame, and draw what they coloured in the one after.
REDRAWN = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve))))"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, packed by npm: none of its scripts run."""

    def missing(reason: str) -> None:
        if os.environ.get("REQUIRE_SERVICES"):
            pytest.fail(f"{reason}, and REQUIRE_SERVICES is set")
        pytest.skip(reason)

    npm = shutil.which("npm")
    if npm is None:
        missing("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", AXE, "--ignore-scripts", "--silent"]
    packed = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    if packed.returncode:
        missing(f"npm could not fetch {AXE}: {packed.stderr.strip()[:200]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        source = archive.extractfile("package/axe.min.js")
        assert source is not None
        return source.read().decode("utf-8")


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """The pages' policy would forbid axe, which is no part of them; other tests hold the policy."""
    return browser_context_args | {"bypass_csp": True, "reduced_motion": "reduce"}


@pytest.fixture
def examine(axe: str) -> Callable[[Page, str], list[str]]:
    """What axe finds wrong on the page as it stands, one line a rule and element."""

    def run(page: Page, name: str) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert len(found["passes"]) > 5, f"{name}: axe looked at nothing"
        return [
            f"{name}: {rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]

    return run


def test_axe_finds_what_is_wrong(visitor: Visitor, examine: Callable[..., list[str]]) -> None:
    visitor.page.set_content(
        "<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'><button></button>"
        "<p>a</p><a href='/'>b</a><ul><li>c</li></ul></main>"
    )
    found = " ".join(examine(visitor.page, "wrong"))
    assert "image-alt" in found
    assert "button-name" in found


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_has_a_grave_fault(
    visitor: Visitor,
    examine: Callable[..., list[str]],
    complaints: list[str],
    admin_user: Any,
    width: int,
) -> None:
    page = visitor.page
    # Django's own pages of the admin name no icon, so the browser asks for this one.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.set_viewport_size({"width": width, "height": 844})
    faults: list[str] = []

    def look(name: str) -> None:
        grounds = set()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.evaluate(REDRAWN)
            grounds.add(page.evaluate(GROUND))
            faults.extend(examine(page, f"{name}, {theme}"))
        assert len(grounds) == 2, f"{name} has one theme"

    def visit(path: str, name: str) -> None:
        page.goto(f"{visitor.url}{path}")
        look(name)

    visit("/", "front")
    visit("/about/memory/", "about")
    visit("/accounts/signup/", "sign-up")
    page.get_by_role("button", name="Sign up").click()
    look("sign-up, refused")
    visit("/accounts/login/", "log-in")
    visit("/accounts/you/", "own data")
    visit("/accounts/you/delete/", "deletion")
    visit("/chats/", "no chats")
    registry.register(registry.BUNDLED / "sentiment-en")
    visit("/lab/", "Lab")
    page.goto(f"{visitor.url}/lab/sentiment/")
    expect(page.locator(".map.drawn")).to_be_visible()
    expect(page.locator(".lab-text")).to_have_count(4)
    look("sentiment")
    registry.register(registry.BUNDLED / "lyrics-zh")
    page.goto(f"{visitor.url}/lab/completion/")
    expect(page.locator("#state")).to_have_text("The text has ended.")
    expect(page.locator(".map.drawn")).to_be_visible()
    look("text")

    for name in ("translation-en-zh", "translation-en-zh-attention"):
        registry.register(registry.BUNDLED / name)
    page.goto(f"{visitor.url}/lab/translation/")
    expect(page.locator("#state")).to_have_text("Translated.")
    expect(page.locator(".map.drawn")).to_be_visible()
    look("translation")
    registry.register(registry.BUNDLED / "speech-digits")
    page.goto(f"{visitor.url}/lab/speech/")
    page.locator("#sound-file").set_input_files(settings.BASE_DIR / "static/sound/digits.wav")
    expect(page.locator(".map.drawn")).to_be_visible()
    look("speech")

    chat = visitor.start_chat()
    look("empty chat")
    for text in ("My name is Clara.", "What is my name?"):
        visitor.talk(text)
    expect(page.locator("#memory-turns")).to_have_text("2")
    look("chat")
    page.locator(".chat-here [data-menu]").click()
    expect(page.locator(".menu")).to_be_visible()
    look("chat, its menu open")
    page.keyboard.press("Escape")
    page.locator("#sampling-open").click()
    expect(page.locator("#sampling")).to_be_visible()
    look("chat, sampling open")
    page.locator("#sampling-open").click()
    page.locator(".turn:last-child .again").click()
    visitor.wait_for_end()
    page.locator("#tree-open").click()
    expect(page.locator("#tree")).to_be_visible()
    look("chat, its tree open")
    page.locator("#tree-open").click()
    for sheet in ("memory", "rail"):
        button = page.locator(f"[data-opens={sheet}]")
        if button.is_visible():
            button.click()
            expect(page.locator(f"#{sheet}")).to_be_visible()
            look(f"chat, {sheet} open")
            page.keyboard.press("Escape")
    page.locator("#memory-blank").evaluate("one => one.click()")
    expect(page.locator("#blanked-note")).to_be_visible()
    look("blank memory")
    page.locator("#memory-blank").evaluate("one => one.click()")
    expect(page.locator(".turn")).to_have_count(2)

    turn = visitor.turn()
    page.goto(f"{visitor.url}/turn/{turn}/")
    expect(page.locator(".map.drawn").first).to_be_visible()
    look("gate view")
    visit("/chats/", "chats")
    visit("/chats/?q=clara", "search")
    visit("/chats/?q=nothing-like-it", "search without a hit")
    visit(f"/chat/{chat}/nowhere/", "404")
    complaints.clear()  # the 404, which the console tells of

    visit("/admin/login/", "dashboard, log-in")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    look("dashboard")
    links = page.locator("a[href^='/admin/']").evaluate_all("all => all.map((one) => one.pathname)")
    for path in sorted(set(links)):
        visit(path, path)
    assert faults == []
