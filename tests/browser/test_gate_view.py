"""The gate view: each number that it shows is the number in the trace."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import load as load_safetensors

from memory_app.models import Turn
from tests.browser.visitor import Visitor

Trace = dict[str, np.ndarray]


@pytest.fixture
def gates(visitor: Visitor) -> Visitor:
    """The gate view of a first reply."""
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    visitor.page.get_by_role("link", name="gates", exact=False).last.click()
    expect(visitor.page.locator("#map.drawn")).to_be_visible()
    return visitor


@pytest.fixture
def trace(gates: Visitor) -> Trace:
    answer = gates.page.request.get(f"{gates.page.url.split('#')[0]}trace.safetensors")
    return load_safetensors(answer.body())


def shown(page: Page) -> float:
    return float(page.locator("#at-value").inner_text().replace("−", "-"))


def place(page: Page) -> tuple[int, int]:
    """The token and the unit whose value stands there."""
    token = page.locator("#at-token").inner_text().rsplit(" ", 1)[1].split("/")[0]
    unit = page.locator("#at-unit").inner_text().split(" / ")[0]
    return int(token) - 1, int(unit)


def test_the_sentence_is_the_turn(gates: Visitor) -> None:
    turn = Turn.objects.get()
    shown = gates.page.locator(".token").all_text_contents()
    assert len(shown) == len(turn.user_token_ids) + len(turn.reply_token_ids) + 4
    prompt = "".join(shown[1 : 1 + len(turn.user_token_ids)])
    assert prompt == "My name is Clara."
    assert shown[0] == "<|user|>"
    assert shown[-1] == "<|end|>"


@pytest.mark.parametrize("gate", ["i", "f", "g", "o", "c", "h"])
def test_the_pointer_reads_the_value_under_it(gates: Visitor, trace: Trace, gate: str) -> None:
    page = gates.page
    page.locator(f"#gate-tabs [data-value={gate}]").click()
    page.get_by_role("radio", name="Layer 1").click()
    canvas = page.locator("#heat")
    box: Any = canvas.bounding_box()
    tokens, _, units = trace[gate].shape
    high = box["height"] / units
    for token, unit in ((0, 0), (3, 7), (tokens - 1, units - 1)):
        x = (token + 0.5) * box["width"] / tokens
        canvas.hover(position={"x": x, "y": (unit + 0.5) * high})
        assert place(page) == (token, unit)
        assert shown(page) == pytest.approx(trace[gate][token, 0, unit], abs=6e-4)
        expect(page.locator(".token.at")).to_have_count(1)


def test_arrow_keys_walk_over_tokens_and_units(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_role("radio", name="Layer 1").click()
    page.locator("#map").focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("PageUp")
    assert place(page) == (0, 0)
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert place(page) == (1, 3)
    assert shown(page) == pytest.approx(trace["f"][1, 0, 3], abs=6e-4)
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowDown")
    last = trace["f"].shape[0] - 1
    assert place(page) == (last, 13)
    assert shown(page) == pytest.approx(trace["f"][last, 0, 13], abs=6e-4)


def test_units_can_be_sorted_by_what_they_did(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_role("radio", name="Layer 2").click()
    page.get_by_label("Units by").select_option("mean")
    page.locator("#map").focus()
    page.keyboard.press("PageUp")
    _, top = place(page)
    assert top == int(np.argmax(trace["f"][:, 1].mean(axis=0)))


def test_gates_and_layers_are_chosen_by_keyboard(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_role("radio", name="f forget").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="g candidate")).to_be_checked()
    expect(page.locator("#explain")).to_contain_text("Candidate g")
    token, unit = place(page)
    assert shown(page) == pytest.approx(trace["g"][token, 1, unit], abs=6e-4)


def test_the_table_names_the_units_whose_cell_moved_farthest(gates: Visitor, trace: Trace) -> None:
    moved = np.abs(trace["c"][-1, 1] - trace["c0"][1])
    order = [str(unit) for unit in np.argsort(-moved, kind="stable")[:12]]
    rows = gates.page.locator("#most tr")
    expect(rows).to_have_count(12)
    assert rows.locator("th").all_inner_texts() == order
    rows.first.get_by_role("button").click()
    assert place(gates.page)[1] == int(order[0])
    expect(gates.page.get_by_text("underlined by this unit")).to_be_visible()


def test_the_histogram_counts_the_saturated_ends(gates: Visitor, trace: Trace) -> None:
    gates.page.get_by_role("radio", name="i input").click()
    values = trace["i"][:, 1]
    for end, share in (("below", (values < 0.1).mean()), ("above", (values > 0.9).mean())):
        text = gates.page.locator(f"#{end}").inner_text()
        said = float(text.split(": ")[1].removesuffix(" %"))
        assert said == pytest.approx(100 * share, abs=0.51)


def test_a_click_on_the_strip_opens_the_view_at_that_token(gates: Visitor) -> None:
    page = gates.page
    turn = Turn.objects.get()
    page.goto(f"{gates.url}/turn/{turn.pk}/#reply=2")
    page.reload()
    expect(page.locator("#map.drawn")).to_be_visible()
    assert place(page)[0] == len(turn.user_token_ids) + 3 + 2


def test_a_turn_without_a_state_says_so(visitor: Visitor) -> None:
    chat = visitor.start_chat()
    turn = Turn.objects.create(
        chat_id=chat, client_turn_id=chat, seed=1, status="interrupted", user_text="Hello?"
    )
    visitor.page.goto(f"{visitor.url}/turn/{turn.pk}/")
    expect(visitor.page.get_by_text("This turn has no state of its own")).to_be_visible()
