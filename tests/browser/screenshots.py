"""Pictures of the pages: `make screenshots` writes README's to docs/pictures, all others to work/.

The site is the real one on its bundled checkpoint, or on the folder named as the one argument;
what is said is what it says.
"""

import base64
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import chromium
from tests.browser.server import SiteServer, free_port
from tests.browser.small_png import small_png
from tests.browser.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
LINKED_FOLDER = ROOT / "docs" / "pictures"
#: Ignored by git: pictures that no page links would only make every clone larger.
UNLINKED_FOLDER = ROOT / "work" / "pictures"
#: What README shows.
LINKED = {"chat-1280-light.png", "gates-1280-dark.png"}
TALK = ("My name is Clara.", "How are you?", "What is my name?")
#: Drawers and the map of branches: in these kinds only, so that the pictures stay few.
DRAWERS = {"1280-light", "390-dark", "1280-chinese", "390-chinese"}
# name of the kind of picture: width, height, colours, language
SETTINGS = {
    "1280-light": (1280, 800, "light", "en"),
    "1280-dark": (1280, 800, "dark", "en"),
    "390-light": (390, 844, "light", "en"),
    "390-dark": (390, 844, "dark", "en"),
    "1280-chinese": (1280, 800, "light", "zh-CN"),
    "1280-chinese-dark": (1280, 800, "dark", "zh-CN"),
    "390-chinese": (390, 844, "light", "zh-CN"),
    "390-chinese-dark": (390, 844, "dark", "zh-CN"),
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
        shot = as_small_png(browser, page.screenshot())
        file = f"{name}-{kind}.png"
        folder = LINKED_FOLDER if file in LINKED else UNLINKED_FOLDER
        (folder / file).write_bytes(shot)

    page.goto(f"{url}/")
    picture("front")
    page.goto(f"{url}/about/memory/")
    picture("about")
    page.locator(".gates-table").evaluate("one => one.scrollIntoView({block: 'center'})")
    picture("about-gates")
    page.goto(f"{url}/")
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
    if kind in DRAWERS:
        page.locator("#sampling-open").click()
        picture("sampling")
        page.keyboard.press("Escape")
    if width < 900:
        page.locator("[data-opens=memory]").click()
        picture("memory")
        page.keyboard.press("Escape")
    if width < 640:
        page.locator("[data-opens=rail]").click()
        picture("rail")
        page.keyboard.press("Escape")
    page.locator(".turn:last-child .gates").click()
    page.locator(".map.drawn").first.wait_for(timeout=60_000)
    page.locator("#beat-list li").first.wait_for()
    expect(page.locator("#line-csv")).to_be_enabled()
    picture("gates")
    page.goto(f"{url}/chats/?q=name")
    picture("chats")
    if kind in DRAWERS:
        page.locator(".chat-entry .title").first.click()
        page.locator(".turn:last-child .again").click()
        page.locator(".turn:last-child .siblings").wait_for()
        visitor.wait_for_end()
        page.locator("#tree-open").click()
        page.locator("#tree-map .head").wait_for()
        picture("tree")
    context.close()


def redraw(browser: Browser, png: bytes, script: str) -> Any:
    """What `script` makes of the picture on a canvas: the browser decodes PNG and writes WebP."""
    page = browser.new_page()
    drawn = page.evaluate(
        """async ([png, script]) => {
            const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
            const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [picture.width, picture.height];
            const context = canvas.getContext("2d");
            context.drawImage(picture, 0, 0);
            return new Function("canvas", "context", script)(canvas, context);
        }""",
        [base64.b64encode(png).decode(), script],
    )
    page.close()
    return drawn


def as_small_png(browser: Browser, png: bytes) -> bytes:
    pixels, width, height = redraw(
        browser,
        png,
        """const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
        let text = "";
        for (let at = 0; at < data.length; at += 32768) {
            text += String.fromCharCode(...data.subarray(at, at + 32768));
        }
        return [btoa(text), width, height]""",
    )
    return small_png(base64.b64decode(pixels), width, height)


def main() -> None:
    if chromium.PATH is None:
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
    from chatsite.asgi_static import StaticFiles
    from memory_app import registry

    call_command("migrate", verbosity=0)
    if len(sys.argv) > 1:
        registry.promote(registry.register(Path(sys.argv[1])))
    elif not registry.register_bundled():
        sys.exit("There is no bundled checkpoint to chat with yet.")
    for folder in (LINKED_FOLDER, UNLINKED_FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
    server.application = application
    server.start()
    try:
        with sync_playwright() as play:
            sandbox = [] if os.geteuid() else ["--no-sandbox"]
            browser = play.chromium.launch(executable_path=chromium.PATH, args=sandbox)
            # The files that the server has read their sizes of have just been written anew.
            application.index = StaticFiles(application).index
            for kind in SETTINGS:
                take(browser, server.url, kind)
                sys.stderr.write(f"{kind}: done\n")
            browser.close()
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
