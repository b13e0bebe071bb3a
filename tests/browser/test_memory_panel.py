"""The memory panel says of a chat what it cost; its memory can be blanked, and had back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from memory_app import runtime
from memory_app.models import Chat, Turn
from tests.browser.scrolling import GOES_TO_ITS_TOP
from tests.browser.visitor import Visitor

TALK = ("My name is Clara.", "How are you?", "What is my name?")


def number(text: str | None) -> int:
    return int((text or "").replace(",", "").split()[0])


def size(text: str | None) -> float:
    """In bytes, of what has three digits: "52.3 KiB" is anything from 52.25 to 52.35."""
    value, unit = (text or "").split()
    return float(value) * {"B": 1, "KiB": 1024, "MiB": 1024**2}[unit]


def test_the_costs_are_those_of_the_chats_own_tokens(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    expect(page.locator("#cost-own")).to_have_text("–")
    own: list[int] = []
    for count, text in enumerate(TALK, 1):
        visitor.talk(text)
        expect(page.locator("#memory-turns")).to_have_text(str(count))
        turn = Turn.objects.get(pk=visitor.turn())
        own.append(turn.tokens)
        expect(page.locator("#cost-own")).to_have_text(f"{own[-1]:,}")
        expect(page.locator("#cost-fed")).to_have_text(f"{sum(own):,}")
        expect(page.locator("#cost-own-all")).to_have_text(f"{sum(own):,}")
        again = sum(sum(own[:k]) for k in range(1, count + 1))
        expect(page.locator("#cost-fed-all")).to_have_text(f"{again:,}")
        expect(page.locator("#cost-state")).to_have_text("256\N{NO-BREAK SPACE}B")
        expect(page.locator("#cost-wait")).to_have_text(f"{turn.first_token_ms:,} ms")
    said = "".join(turn.user_text + turn.reply_text for turn in Turn.objects.all())
    shown = size(page.locator("#cost-text").text_content())
    assert shown == pytest.approx(len(said.encode()), rel=0.005)
    # A key and a value a layer and token, of as many float32 numbers as the layer is wide.
    layers, width = 2, 16
    shown = size(page.locator("#cost-cache").text_content())
    assert shown == pytest.approx(2 * layers * width * 4 * sum(own), rel=0.005)
    expect(page.locator("#cost-larger li").last).to_have_text(
        "A key-value cache takes more bytes than the state from turn 1 on."
    )
    expect(page.locator("#cost-larger li").first).to_contain_text("than this chat from turn 2 on")
    expect(page.locator("#memory-tokens")).to_have_text(str(sum(own)))

    # The chart says in words what it draws, and its keys and tabs work without a pointer.
    page.get_by_text("What a turn costs", exact=True).click()
    chart = page.locator("#cost-chart")
    expect(chart).to_have_attribute("aria-label", re.compile(f"re-reading: {own[0]} → {sum(own)}"))
    chart.focus()
    page.keyboard.press("End")
    expect(page.locator("#cost-readout")).to_contain_text(f"turn 3  this chat {own[2]}")
    page.locator("#cost-tabs [data-value=tokens]").focus()
    page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute(
        "aria-label", re.compile("this chat: 256 → 256; .*key-value cache: [0-9,]+ → [0-9,]+")
    )


def test_the_first_token_of_a_rereading_chat_is_reckoned_from_the_measured_rate_of_reading(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "reading_ms", lambda sha256: 3.21)
    page = visitor.page
    visitor.start_chat()
    before = 0
    estimates = []
    for count, text in enumerate(TALK, 1):
        visitor.talk(text)
        expect(page.locator("#memory-turns")).to_have_text(str(count))
        turn = Turn.objects.get(pk=visitor.turn())
        estimates.append(turn.first_token_ms + before * 3.21)
        before += turn.tokens
        shown = page.locator("#cost-wait-fed")
        expect(shown).to_have_text(re.compile("^≈ [0-9,]+ ms$"))
        assert abs(number((shown.text_content() or "")[2:]) - estimates[-1]) <= 1
    # The first turn has nothing to read again; every later one has.
    assert estimates[0] == Turn.objects.oldest_first()[0].first_token_ms
    expect(page.locator("#cost-pace")).to_contain_text("plus 3.2 ms per reread token")
    page.get_by_text("What a turn costs", exact=True).click()
    page.locator("#cost-tabs [data-value=wait]").click()
    label = re.compile(r"this chat: \d+ → \d+; re-reading, estimated: \d+ → \d+")
    expect(page.locator("#cost-chart")).to_have_attribute("aria-label", label)


def test_norms_are_drawn_for_each_layer_from_the_blank_memory_on(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    for text in TALK[:2]:
        visitor.talk(text)
    expect(page.locator("#memory-turns")).to_have_text("2")
    for row in range(2):
        for part, column in (("h", 1), ("c", 2)):
            cell = page.locator("#norms tr").nth(row).locator("td").nth(column - 1)
            # The norms come a request after the number of turns.
            three = re.compile(r": [^,]+, [^,]+, [^,]+$")
            expect(cell.locator("svg")).to_have_attribute("aria-label", three)
            label = cell.locator("svg").get_attribute("aria-label") or ""
            values = [float(value) for value in label.split(": ")[1].split(", ")]
            assert label.startswith(f"|{part}|")
            assert values[0] == 0
            assert len(values) == 3
            assert abs(values[-1] - float(cell.locator("span").text_content() or "")) <= 0.051
            drawn = cell.locator("path").get_attribute("d") or ""
            assert drawn.count("L") == 2


def test_the_numbers_can_be_taken_along(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk(TALK[0])
    page.get_by_text("Size, hash and files", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download numbers as CSV").click()
    head, row = download.value.path().read_text().splitlines()
    assert len(head.split(",")) == len(row.split(",")) == 12
    assert row.startswith(f"1,{Turn.objects.get().tokens},")


def test_a_blank_memory_and_the_way_back(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    page = visitor.page
    chat = visitor.start_chat()
    button = page.locator("#memory-blank")
    expect(button).to_be_disabled()
    for text in TALK[:2]:
        visitor.talk(text)
    head = visitor.turn()
    hash_before = Turn.objects.get(pk=head).state_sha256 or ""
    expect(page.locator("#memory-hash")).to_have_attribute("title", hash_before)
    expect(button).to_have_text("Blank memory")
    button.press("Enter")
    expect(page.locator("#memory-hash")).to_have_text("blank: all zeros")
    expect(page.locator(".turn.faded")).to_have_count(2)
    expect(page.get_by_text("memory blanked here")).to_be_in_viewport(ratio=1)
    expect(page.locator("#openings")).to_be_hidden()
    expect(page.locator("#later")).to_be_hidden()
    expect(page.locator("#cost-own")).to_have_text("–")
    expect(page.locator("#memory-blank-note")).to_have_text(
        "Bring back the memory and the 2 turns that were here before.", use_inner_text=True
    )
    assert Chat.objects.get(pk=chat).head_id is None

    # After a reload too the way back is there, and to the same memory.
    page.reload()
    expect(button).to_have_text("Restore memory")
    button.press("Enter")
    expect(page.locator(".turn:not(.faded)")).to_have_count(2)
    expect(page.locator("#memory-hash")).to_have_attribute("title", hash_before)
    expect(page.locator("#memory-turns")).to_have_text("2")
    expect(page.locator("#cost-own")).not_to_have_text("–")
    assert Chat.objects.get(pk=chat).head_id == head


@pytest.mark.parametrize("width", [1280, 1000])
def test_nothing_below_the_button_moves_when_the_memory_is_blanked(
    visitor: Visitor, width: int
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    visitor.start_chat()
    visitor.talk(TALK[0])
    top = "one => one.getBoundingClientRect().top"
    page.locator("#memory-blank").scroll_into_view_if_needed()
    expect(page.locator("#made-of-chart path")).to_have_count(1)  # what comes into view is drawn
    axis = page.locator(".made-of-axis")  # "now" is below the one column, and nothing is before it
    expect(axis.get_by_text("turn 1")).to_be_hidden()
    right = "one => one.getBoundingClientRect().right"
    middle = "one => one.getBoundingClientRect().x + one.getBoundingClientRect().width / 2"
    assert axis.get_by_text("now").evaluate(right) < page.locator("#made-of-chart").evaluate(middle)
    expect(page.locator("#gauge-rows:not([aria-busy]):not(.late)")).to_be_attached()
    page.locator("#memory-blank").scroll_into_view_if_needed()
    before = page.locator("#cost").evaluate(top)
    page.locator("#memory-blank").click()
    expect(page.locator("#memory-blank")).to_have_text("Restore memory")
    expect(page.locator("#made-of-chart path")).to_have_count(0)
    assert page.locator("#cost").evaluate(top) == before


def test_on_a_phone_a_blank_shows_its_rule_and_restore_leads_to_the_newest_message(
    visitor: Visitor,
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 600})
    visitor.start_chat()
    for text in TALK:
        visitor.talk(text)
    jump = page.get_by_role("button", name="Scroll to the end")
    for scrolled in (False, True):
        if scrolled:
            # While parts are still drawn the page follows its end.
            assert page.locator("#scroller").evaluate(GOES_TO_ITS_TOP)
            expect(jump).to_be_visible()
        page.get_by_role("button", name="Memory", exact=True).click()
        page.locator("#memory-blank").click()
        page.keyboard.press("Escape")
        expect(page.get_by_text("memory blanked here")).to_be_in_viewport(ratio=1)
        expect(page.locator("#blanked-note")).to_be_in_viewport(ratio=1)
        expect(jump).to_be_hidden()
        page.get_by_role("button", name="Memory", exact=True).click()
        page.locator("#memory-blank").click()
        page.keyboard.press("Escape")
        expect(page.locator(".turn")).to_have_count(3)
        expect(page.locator(".turn").last.locator(".bot")).to_be_in_viewport()
        expect(jump).to_be_hidden()


def test_while_a_reply_runs_the_memory_stays(visitor: Visitor, slowly: None) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk(TALK[0])
    visitor.say(TALK[1])
    visitor.wait_for_words()
    # The wait as this page saw it stands there before the turn is stored.
    expect(page.locator("#cost-wait")).to_contain_text("ms")
    page.locator("#memory-blank").click()
    expect(page.locator("#problem")).to_contain_text("still being written")
    page.keyboard.press("Escape")
    visitor.wait_for_end()
    expect(page.locator("#memory-turns")).to_have_text("2")


def test_the_panels_head_stands_clear_of_its_text_and_stays(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 1280, "height": 600})
    visitor.start_chat()
    head = page.locator(".memory-head")
    text = page.locator(".memory-head + section")
    edges = "one => { const {top, bottom} = one.getBoundingClientRect(); return [top, bottom]; }"
    assert head.evaluate(edges)[1] <= text.evaluate(edges)[0]
    page.get_by_text("What a turn costs", exact=True).click()
    page.locator("#memory").evaluate("one => one.scrollTo(0, 700)")
    assert text.evaluate(edges)[1] < 0
    assert head.evaluate(edges)[0] == 0  # nothing looks out above it


def test_under_900_px_the_panel_is_a_sheet_with_all_of_it(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 890, "height": 700})
    visitor.start_chat()
    visitor.talk(TALK[0])
    expect(page.locator("#memory")).to_be_hidden()
    page.get_by_role("button", name="Memory").click()
    page.get_by_text("What a turn costs", exact=True).click()
    chart = page.locator("#cost-chart")
    chart.scroll_into_view_if_needed()
    expect(chart).to_be_in_viewport(ratio=0.99)  # it may end within a pixel
    # It was drawn while the sheet was shut.
    assert chart.evaluate("one => one.width") >= 200
    page.get_by_text("Size, hash and files", exact=True).click()
    page.locator("#memory-numbers").scroll_into_view_if_needed()
    expect(page.locator("#memory-numbers")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(page.locator("#memory")).to_be_hidden()


@pytest.mark.usefixtures("slowly")
def test_while_the_first_reply_runs_the_panel_says_when_it_changes(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    blank = page.get_by_text("The memory is blank.", exact=True)
    coming = page.get_by_text("The memory shown here changes when it is complete.")
    expect(blank).to_be_visible()
    expect(coming).to_be_hidden()
    visitor.say("My name is Clara.")
    expect(coming).to_be_visible()
    expect(blank).to_be_hidden()
    visitor.wait_for_end()
    expect(coming).to_be_hidden()
    expect(page.get_by_text("Blank: every number becomes 0.")).to_be_visible()
