"""The sampling drawer: what is set is what is sent; what is wrong is said and never put right."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from memory_app.core.sampling.settings import RANGES, Sampling
from memory_app.models import Turn
from tests.browser.visitor import Visitor

DEFAULTS = Sampling(seed=0).to_dict()


def sampling(turn: Turn) -> dict[str, float]:
    return {name: value for name, value in turn.sampling.items() if name != "seed"}


def test_the_defaults_send_nothing_and_show_nothing(visitor: Visitor) -> None:
    visitor.start_chat()
    opener = visitor.page.get_by_role("button", name="Sampling")
    expect(opener).to_have_text("Sampling")
    opener.click()
    for name in RANGES:
        shown = "" if name == "seed" else f"{DEFAULTS[name]:g}"
        expect(visitor.page.get_by_label(name, exact=True)).to_have_value(shown)
    balanced = visitor.page.get_by_role("button", name="Balanced")
    expect(balanced).to_have_attribute("aria-pressed", "true")
    visitor.page.keyboard.press("Escape")
    visitor.talk("Hello.")
    assert sampling(Turn.objects.get()) == {k: v for k, v in DEFAULTS.items() if k != "seed"}


def test_escape_in_the_message_stops_the_reply_before_it_shuts_the_panel(
    visitor: Visitor, slowly: None
) -> None:
    page = visitor.page
    visitor.start_chat()
    page.locator("#sampling-open").click()
    visitor.say("Hello.")
    visitor.wait_for_words()
    page.locator("#text").press("Escape")
    visitor.wait_for_end()
    assert visitor.status() == "stopped"
    expect(page.locator("#sampling")).to_be_visible()
    page.locator("#text").press("Escape")
    expect(page.locator("#sampling")).to_be_hidden()


def test_settings_go_with_each_kind_of_message_and_survive_a_reload(visitor: Visitor) -> None:
    page = visitor.page
    chat = visitor.start_chat()
    page.locator("#sampling-open").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Exact")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#sampling-chip")).to_have_text("Exact")
    page.get_by_label("temperature").fill("0.3")
    page.get_by_label("seed").fill("42")
    page.get_by_label("max_tokens").fill("20")
    page.keyboard.press("Escape")
    expect(page.locator("#sampling-open")).to_be_focused()
    expect(page.locator("#sampling-chip")).to_have_text("temperature 0.3, max_tokens 20, +1")
    visitor.talk("Hello.")
    page.reload()
    expect(page.locator("#sampling-chip")).to_have_text("temperature 0.3, max_tokens 20, +1")
    page.get_by_role("button", name="regenerate").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    page.locator("#turns .you").hover()
    page.get_by_role("button", name="Edit this message").click()
    page.keyboard.type(" Again!")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3/3")).to_be_visible()
    visitor.wait_for_end()
    turns = list(Turn.objects.filter(chat=chat).oldest_first())
    assert [(turn.seed, turn.sampling["temperature"]) for turn in turns] == [(42, 0.3)] * 3
    assert turns[0].reply_text == turns[1].reply_text
    page.get_by_role("button", name="How this reply was sampled").click()
    expect(page.locator("#turns .drawn .other dt")).to_have_text(["temperature", "max_tokens"])

    # Another chat has its own.
    visitor.start_chat()
    expect(page.locator("#sampling-chip")).to_have_text("Sampling")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("temperature", ("-0.1", "2.01", "1e99")),
        ("top_k", ("1.5", "-1", "1001")),
        ("top_p", ("0", "1.1")),
        ("min_p", ("1", "-0.1")),
        ("repetition_penalty", ("0.9", "2.5")),
        ("max_tokens", ("0", "513")),
        ("seed", ("9007199254740992", "-1")),
    ],
)
def test_what_is_out_of_range_is_marked_and_not_sent(
    visitor: Visitor, name: str, values: tuple[str, ...]
) -> None:
    page = visitor.page
    visitor.start_chat()
    page.locator("#sampling-open").click()
    field = page.get_by_label(name, exact=True)
    for value in values:
        field.fill(value)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#sampling-chip")).to_have_text(f"Sampling: {name}?")
    page.keyboard.press("Escape")
    visitor.say("Not yet.")
    expect(page.get_by_role("alert")).to_contain_text(f"sampling settings first: {name}.")
    expect(field).to_be_focused()
    expect(field).to_have_value(values[-1])
    expect(page.get_by_label("Message", exact=True)).to_have_value("Not yet.")
    assert Turn.objects.count() == 0
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "false")
    page.keyboard.press("Escape")
    page.get_by_label("Message", exact=True).press("Enter")
    expect(page.locator("#turns .turn")).to_have_count(1)
    visitor.wait_for_end()


def test_a_minimum_above_the_maximum_is_noted_and_sent(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    page.locator("#sampling-open").click()
    note = page.get_by_text("Above max_tokens: the reply ends at max_tokens.")
    expect(note).to_be_hidden()
    page.get_by_label("min_tokens", exact=True).fill("9")
    page.get_by_label("max_tokens", exact=True).fill("8")
    expect(note).to_be_visible()
    page.get_by_label("max_tokens", exact=True).fill("600")
    expect(note).to_be_hidden()
    page.get_by_label("max_tokens", exact=True).fill("8")
    page.keyboard.press("Escape")
    visitor.talk("Hello.")
    assert len(Turn.objects.get().reply_token_ids) == 8


def test_the_ends_of_each_range_are_taken(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    page.locator("#sampling-open").click()
    ends = {"temperature": 2, "top_k": 1000, "top_p": 1, "min_p": 0.99, "repetition_penalty": 2}
    ends |= {"min_tokens": 0, "max_tokens": 1, "seed": 2**53 - 1}
    for name, value in ends.items():
        page.get_by_label(name, exact=True).fill(str(value))
    page.keyboard.press("Escape")
    visitor.talk("Hello.")
    assert Turn.objects.get().sampling == ends


def test_the_open_drawer_covers_no_reply_and_stays(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Hello.")
    for width, height in ((1280, 720), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("#sampling-open").click()
        drawer = page.locator("#sampling")
        expect(drawer).to_be_visible()
        # The end of the reply stays on the page, with room to read above it.
        expect(page.locator(".turn:last-child .actions")).to_be_in_viewport(ratio=1)
        above, below = page.locator("#scroller").bounding_box(), drawer.bounding_box()
        assert above is not None
        assert below is not None
        assert above["height"] >= 200
        assert above["y"] + above["height"] <= below["y"]
        page.locator("#scroller").click(position={"x": 5, "y": 5})
        expect(drawer).to_be_visible()
        page.locator("#sampling-open").click()
        expect(drawer).to_be_hidden()


def test_each_preset_is_what_it_says(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    expected = {
        "Exact": {"temperature": 0},
        "Calm": {"temperature": 0.5, "top_p": 0.9},
        "Wild": {"temperature": 1.3, "top_p": 1, "min_p": 0.02},
    }
    for name, values in expected.items():
        page.locator("#sampling-open").click()
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator("#sampling-chip")).to_have_text(name)
        page.keyboard.press("Escape")
        visitor.talk("Hello.")
        turn = Turn.objects.oldest_first().last()
        assert turn is not None
        assert sampling(turn) == {k: v for k, v in (DEFAULTS | values).items() if k != "seed"}


def test_what_the_server_refuses_is_said_and_the_text_is_back(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page and the engine have one table of limits; here the page has an older one."""
    visitor.start_chat()
    visitor.page.locator("#sampling-open").click()
    visitor.page.get_by_label("temperature").fill("1.9")
    visitor.page.keyboard.press("Escape")
    monkeypatch.setitem(RANGES, "temperature", (False, 0, 1, False, False))
    visitor.say("Too hot.")
    expect(visitor.page.get_by_role("alert")).to_contain_text("temperature must be a number")
    expect(visitor.page.get_by_label("Message", exact=True)).to_have_value("Too hot.")
    assert Turn.objects.count() == 0


def test_another_tab_has_the_same_settings(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    other = another_tab()
    other.page.goto(visitor.page.url)
    visitor.page.locator("#sampling-open").click()
    visitor.page.get_by_role("button", name="Calm").click()
    expect(other.page.locator("#sampling-chip")).to_have_text("Calm")


@pytest.mark.parametrize("size", [(1280, 800), (640, 400), (390, 844), (320, 568)])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_field_covers_its_name(visitor: Visitor, size: tuple[int, int], language: str) -> None:
    page = visitor.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.context.add_cookies([{"name": "django_language", "value": language, "url": visitor.url}])
    page.goto(f"{visitor.url}/")
    page.locator("main form button.main").first.click()
    page.wait_for_url("**/chat/*/")
    page.locator("#sampling-open").click()
    gaps = page.locator(".setting").evaluate_all(
        """all => all.map((one) => {
          const [name, field] = [one.querySelector("label"), one.querySelector("input")];
          const words = document.createRange();
          words.selectNodeContents(name);
          const end = one.closest(".settings").getBoundingClientRect().right;
          const { left, right } = field.getBoundingClientRect();
          return Math.min(left - words.getBoundingClientRect().right, end - right);
        })"""
    )
    assert len(gaps) == len(RANGES)
    assert min(gaps) >= 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
