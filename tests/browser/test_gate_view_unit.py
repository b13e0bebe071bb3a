"""A unit that is chosen: the sentence in its colours, its lines, its numbers to take away."""

import csv
import io
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.gate_view import Trace, by_timescale, cell, drawn, place
from tests.browser.visitor import Visitor

# Keeps what is written on any canvas from now on.
WRITTEN = """() => {
  window.written = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    window.written.push(text);
    return fillText.call(this, text, ...rest);
  };
}"""


def colours(gates: Visitor) -> list[str]:
    """What stands under each token of the sentence."""
    return gates.page.locator("#sentence .token").evaluate_all(
        "all => all.map((one) => one.style.borderBottomColor)"
    )


def test_a_click_on_a_unit_colours_the_sentence_by_its_values(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    expect(page.locator("#coloured")).to_contain_text("Chosen automatically")
    order = by_timescale(trace, 1)
    at = cell(page, 2, 9, trace)
    at["canvas"].click(position=at["position"])
    unit = order[9]
    expect(page.get_by_role("heading", name=f"Unit {unit} of layer 2")).to_be_visible()
    values, seen = trace["f"][:, 1, unit], colours(gates)
    assert all(seen)
    # Equal colours mean equal values to an eighth of a bit, and the other way round.
    levels = np.floor(values * 65535).astype(int) >> 8
    for colour, level in zip(seen, levels, strict=True):
        same = [other for other, one in zip(levels, seen, strict=True) if one == colour]
        assert max(same) - min(same) <= 2, level
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Choose a unit to colour the sentence by its values.")).to_be_visible()
    assert not any(colours(gates))
    expect(page.locator("#line")).to_be_hidden()
    # It stays cleared: the address says so.
    page.reload()
    drawn(page)
    assert "unit=none" in page.url
    assert not any(colours(gates))


def test_a_unit_is_chosen_and_its_lines_read_by_keyboard_alone(
    gates: Visitor, trace: Trace
) -> None:
    page = gates.page
    page.locator("#map").focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    unit = by_timescale(trace, 1)[1]
    assert place(page) == (0, unit)
    expect(page.get_by_role("heading", name=f"Unit {unit} of layer 2")).to_be_visible()
    box = page.get_by_role("checkbox", name="h", exact=True)
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    page.locator("#line").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    said = page.locator("#line-value")
    expect(said).to_contain_text("token 2")
    parts = said.inner_text().split()
    for gate in "ifoh":
        value = float(parts[parts.index(gate) + 1])
        assert value == pytest.approx(trace[gate][1, 1, unit], abs=6e-4)
    assert place(page)[0] == 1


def test_a_units_numbers_come_as_csv(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    expect(page.get_by_role("button", name="Save unit as CSV")).to_be_enabled()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save unit as CSV").click()
    name = download.value.suggested_filename
    unit = int(name.removesuffix(".csv").rsplit("-", 1)[1])
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(io.StringIO(file.read())))
    assert len(lines) == len(trace["token_ids"])
    for t, line in enumerate(lines):
        assert (int(line["token"]), int(line["token_id"])) == (t + 1, trace["token_ids"][t])
        for gate in "ifgoch":
            assert np.float32(line[gate]) == trace[gate][t, 1, unit]
    assert {line["part"] for line in lines} == {"prompt", "reply"}


@pytest.mark.parametrize(
    ("button", "width", "title"),
    [("Save map as PNG", 1200, "f forget"), ("Save plot as PNG", 250, r"Unit \d+ of layer 2")],
)
def test_pictures_are_png_files_with_something_on_them(
    gates: Visitor, button: str, width: int, title: str
) -> None:
    page = gates.page
    page.evaluate(WRITTEN)
    expect(page.get_by_role("button", name=button)).to_be_enabled()
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    data = download.value.path().read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") >= width
    assert len(data) > 3000
    written = page.evaluate("window.written")
    assert any(re.fullmatch(title, text) for text in written)
    assert not any("undefined" in text for text in written)


def test_the_trace_is_a_download(gates: Visitor) -> None:
    with gates.page.expect_download() as download:
        gates.page.get_by_role("link", name="Download trace").click()
    assert download.value.suggested_filename.startswith("trace-")


def test_a_plot_follows_the_gate_of_the_map_until_somebody_chooses(gates: Visitor) -> None:
    page = gates.page

    def lines() -> list[str]:
        return page.locator("#line-gates input:checked").evaluate_all(
            "all => all.map(one => one.value)"
        )

    page.get_by_role("radio", name="c cell").click()
    drawn(page, "c 1 timescale")
    assert lines() == ["c"]
    page.locator("#line-gates input[value=g]").check()
    page.get_by_role("radio", name="h hidden").click()
    drawn(page, "h 1 timescale")
    assert sorted(lines()) == ["c", "g", "h"]
