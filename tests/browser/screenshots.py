"""The pictures of README and docs: `make screenshots` writes docs/pictures.

The site is the real one on its bundled checkpoint, or on the folder named as the one argument;
what is said is what it says.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.server import SiteServer, free_port
from tests.browser.visitor import Visitor

TARGET = Path(__file__).resolve().parents[2] / "docs" / "pictures"
TALK = ("My name is Clara.", "How are you?", "What is my name?")
# name of the kind of picture: width, height, colours, language
SETTINGS = {
    "1280-light": (1280, 800, "light", "en"),
    "1280-dark": (1280, 800, "dark", "en"),
    "390-light": (390, 844, "light", "en"),
    "390-dark": (390, 844, "dark", "en"),
    "1280-chinese": (1280, 800, "light", "zh-CN"),
}


def take(browser: Browser, url: str, kind: str) -> None:
    width, height, colours, language = SETTINGS[kind]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if colours == "dark" else "light",
        locale=language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    visitor = Visitor(page, url)

    def picture(name: str) -> None:
        page.screenshot(path=TARGET / f"{name}-{kind}.png")

    page.goto(f"{url}/")
    picture("front")
    page.locator(".hero button").click()
    page.wait_for_url("**/chat/*/")
    expect(page.locator("#send")).to_be_visible()
    picture("empty")
    for text in TALK:
        page.locator("#text").fill(text)
        page.keyboard.press("Enter")
        page.locator(".turn").nth(TALK.index(text)).wait_for()
        visitor.wait_for_end()
    drawn = page.locator(f"#turns .turn:nth-child({len(TALK)}) .strip canvas[aria-label]")
    drawn.wait_for()
    expect(page.locator("#memory-turns")).to_have_text(str(len(TALK)))
    picture("chat")
    page.locator(".turn:last-child .gates").click()
    expect(page.locator("#map.drawn")).to_be_visible()
    page.locator("#beat-list li").first.wait_for()
    expect(page.locator("#line-csv")).to_be_enabled()
    picture("gates")
    page.goto(f"{url}/chats/")
    picture("chats")
    context.close()


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), "")
    if not chromium:
        sys.exit("The pictures need chromium: apt-get install chromium")
    data = tempfile.mkdtemp(prefix="gatescope-pictures-")
    server = SiteServer(None, free_port())
    os.environ |= {
        "DATA_DIR": data,
        "PORT": str(server.port),
        "DJANGO_SETTINGS_MODULE": "chatsite.settings",
        "LOG_LEVEL": "WARNING",
    }
    import django

    django.setup()
    from django.core.management import call_command

    from chatsite.asgi import application
    from memory_app import registry

    call_command("migrate", verbosity=0)
    if len(sys.argv) > 1:
        registry.promote(registry.register(Path(sys.argv[1])))
    elif not registry.register_bundled():
        sys.exit("There is no bundled checkpoint to chat with yet.")
    TARGET.mkdir(parents=True, exist_ok=True)
    server.application = application
    server.start()
    try:
        with sync_playwright() as play:
            sandbox = [] if os.geteuid() else ["--no-sandbox"]
            browser = play.chromium.launch(executable_path=chromium, args=sandbox)
            for kind in SETTINGS:
                take(browser, server.url, kind)
                sys.stderr.write(f"{kind}: done\n")
            browser.close()
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
