"""All layers at once: a small map for each, one mark over all of them."""

import pytest
from playwright.sync_api import expect

from tests.browser.gate_view import Trace, by_timescale, cell, drawn, place, shown
from tests.browser.visitor import Visitor


def test_each_layer_has_a_map_and_the_pointer_reads_the_one_it_is_on(
    gates: Visitor, trace: Trace
) -> None:
    page = gates.page
    page.get_by_role("radio", name="All layers").click()
    drawn(page, "f all timescale")
    expect(page.locator(".pane")).to_have_count(2)
    expect(page.locator(".pane figcaption")).to_have_text(["Layer 1", "Layer 2"])
    for layer in (1, 0):
        order = by_timescale(trace, layer)
        at = cell(page, 4, 6, trace, pane=layer)
        at["canvas"].hover(position=at["position"])
        assert place(page) == (4, order[6])
        expect(page.locator("#at-unit")).to_contain_text(f"layer {layer + 1}")
        assert shown(page) == pytest.approx(trace["f"][4, layer, order[6]], abs=6e-4)
        expect(page.locator(".map.marked")).to_have_count(1)
        expect(page.locator("#histogram-name")).to_have_text(
            f"All values of f in layer {layer + 1}"
        )


def test_all_layers_by_keyboard_and_back_to_one(gates: Visitor) -> None:
    page = gates.page
    page.get_by_role("radio", name="Layer 2").focus()
    page.keyboard.press("ArrowRight")
    drawn(page, "f all timescale")
    page.locator(".map").nth(1).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    unit = place(page)[1]
    expect(page.get_by_role("heading", name=f"Unit {unit} of layer 2")).to_be_visible()
    page.get_by_role("radio", name="All layers").focus()
    page.keyboard.press("ArrowLeft")
    drawn(page, "f 1 timescale")
    expect(page.get_by_role("heading", name=f"Unit {unit} of layer 2")).to_be_visible()
    expect(page.locator(".pane")).to_have_count(1)
