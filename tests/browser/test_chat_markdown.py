"""A reply is plain while it streams and Markdown once it has ended; nothing in it ever runs."""

import random
import re
from collections.abc import Callable

from playwright.sync_api import expect

from memory_app.markdown import markdown_or_nothing
from memory_app.models import Turn
from tests.browser.visitor import Visitor

TEXT = "**bold**\n\n- one\n- `two`\n\n```\nlet x;\n```"
EVIL = '[a](javascript:globalThis.hit=1) <img src=x onerror="globalThis.hit=1"> **b** <script>globalThis.hit=1</script>'  # noqa: E501


def test_markdown_is_drawn_after_the_reply_and_never_before(
    visitor: Visitor, will_say: Callable[[str], None], slowly: None
) -> None:
    visitor.start_chat()
    will_say(TEXT)
    visitor.page.evaluate(
        """() => {
          window.early = 0;
          new MutationObserver(() => {
            const turn = document.querySelector("#turns .turn[data-status=running]");
            if (turn?.querySelector("strong, ul, pre")) window.early += 1;
          }).observe(document.getElementById("turns"),
            {subtree: true, childList: true, characterData: true});
        }"""
    )
    visitor.say("Write something.")
    visitor.wait_for_words(9)
    assert visitor.reply().startswith("**bold**")
    expect(visitor.page.locator("#turns .bot .text")).to_be_visible()
    visitor.wait_for_end()
    drawn = visitor.page.locator("#turns .markdown")
    expect(drawn.locator("strong")).to_have_text("bold")
    expect(drawn.locator("li")).to_have_text(["one", "two"])
    expect(drawn.locator("pre")).to_have_text("let x;\n")
    expect(visitor.page.locator("#turns .bot .text")).to_be_hidden()
    assert visitor.page.evaluate("window.early") == 0
    assert visitor.reply() == Turn.objects.get().reply_text == TEXT

    before = drawn.bounding_box()
    visitor.page.reload()
    expect(drawn.locator("strong")).to_have_text("bold")
    after = drawn.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["height"] - after["height"]) <= 24


def test_what_markdown_would_not_change_stays_as_it_is(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    visitor.start_chat()
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    will_say("Just words, 5 of them.\nAnd a line.")
    visitor.talk("Say words.")
    expect(visitor.page.locator("#turns .bot .text")).to_be_visible()
    expect(visitor.page.locator("#turns .markdown")).to_be_hidden()
    assert not [url for url in asked if url.endswith("/reply/")]


def test_the_server_is_asked_wherever_markdown_would_change_anything(visitor: Visitor) -> None:
    """The script's quick look may ask in vain, and must never miss one."""
    visitor.start_chat()
    draw = random.Random(3)
    alphabet = "a b.1\n\n  \t)-+=*_`#>[~|\\\\&;<:("
    texts = ["".join(draw.choices(alphabet, k=draw.randint(1, 14))) for _ in range(3000)]
    # Without the signs that the script always asks for, so that the rest is met often.
    texts += ["".join(draw.choices("ab.1\n \t)-+=:", k=draw.randint(1, 14))) for _ in range(3000)]
    changed = [text for text in texts if markdown_or_nothing(text)]
    assert 1000 < len(changed) < len(texts)
    missed = visitor.page.evaluate(
        """async (texts) => {
          const { mayDiffer } = await import("/static/js/chat/markdown.js");
          return texts.filter((text) => !mayDiffer(text));
        }""",
        changed,
    )
    assert missed == []


def test_nothing_in_markdown_runs(visitor: Visitor, will_say: Callable[[str], None]) -> None:
    visitor.start_chat()
    will_say(EVIL)
    visitor.talk("Do harm.")
    for _ in range(2):
        drawn = visitor.page.locator("#turns .markdown")
        expect(drawn.locator("strong")).to_have_text("b")
        assert drawn.locator("a, img, script, [onerror]").count() == 0
        assert visitor.page.evaluate("globalThis.hit") is None
        visitor.page.reload()


def test_what_a_person_writes_stays_plain(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    visitor.start_chat()
    will_say("Hm.")
    visitor.talk("**not bold** <b>nor this</b>")
    expect(visitor.page.locator("#turns .you .text")).to_have_text("**not bold** <b>nor this</b>")
    assert visitor.page.locator("#turns .you strong, #turns .you b").count() == 0


def test_code_is_copied_by_its_button_and_a_reply_as_it_was_said(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.start_chat()
    will_say(TEXT)
    visitor.talk("Some code, please.")
    pasted = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy this code").click()
    expect(page.locator(".copy-code.done")).to_be_visible()
    assert page.evaluate(pasted) == "let x;"
    page.get_by_role("button", name="Copy this reply").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".bot .copy.done")).to_be_visible()
    assert page.evaluate(pasted) == TEXT
    page.locator("#turns .you").hover()
    page.get_by_role("button", name="Copy this message").click()
    expect(page.locator(".you .copy.done")).to_be_visible()
    assert page.evaluate(pasted) == "Some code, please."


def test_a_wide_block_of_code_scrolls_by_itself(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 700})
    visitor.start_chat()
    will_say("```\n" + " ".join(map(str, range(50))) + "\n```")
    visitor.talk("A long line.")
    block = visitor.page.locator(".markdown pre")
    expect(block).to_have_text(re.compile("48 49"))
    block.focus()
    assert block.evaluate("one => one.scrollWidth > one.clientWidth")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visitor.page.evaluate("document.getElementById('scroller').scrollWidth") <= 390
