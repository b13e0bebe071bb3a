"""The gate view: each number that it shows is the number in the trace."""

import math

import numpy as np
import pytest
from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.gate_view import Trace, cell, drawn, most_moved, number, place, rows, shown
from tests.browser.visitor import Visitor


def test_the_sentence_is_the_turn(gates: Visitor) -> None:
    turn = Turn.objects.get()
    shown = gates.page.locator("#sentence .token").all_text_contents()
    assert len(shown) == len(turn.user_token_ids) + len(turn.reply_token_ids) + 4
    prompt = "".join(shown[1 : 1 + len(turn.user_token_ids)])
    assert prompt == "My name is Clara."
    assert shown[0] == "you"
    assert shown[-1] == "end"


@pytest.mark.parametrize("gate", ["i", "f", "g", "o", "c", "h"])
def test_the_pointer_reads_the_value_under_it(gates: Visitor, trace: Trace, gate: str) -> None:
    page = gates.page
    page.locator(f"#gate-tabs [data-value={gate}]").click()
    page.get_by_role("radio", name="Layer 2").click()
    page.get_by_label("Sort units by").select_option("index")
    drawn(page, f"{gate} 1 index")
    tokens, _, units = trace[gate].shape
    for token, unit in ((0, 0), (3, 7), (tokens - 1, units - 1)):
        at = cell(page, token, unit, trace)
        at["canvas"].hover(position=at["position"])
        assert place(page) == (token, unit)
        assert shown(page) == pytest.approx(trace[gate][token, 1, unit], abs=6e-4)
        expect(page.locator(".token.at")).to_have_count(1)


def test_arrow_keys_walk_over_tokens_and_units(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_label("Sort units by").select_option("index")
    drawn(page, "f 1 index")
    page.locator("#map").focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("PageUp")
    assert place(page) == (0, 0)
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert place(page) == (1, 3)
    assert shown(page) == pytest.approx(trace["f"][1, 1, 3], abs=6e-4)
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowDown")
    last = trace["f"].shape[0] - 1
    assert place(page) == (last, 13)
    assert shown(page) == pytest.approx(trace["f"][last, 1, 13], abs=6e-4)


def test_units_are_sorted_by_what_they_did(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_role("radio", name="Layer 2").click()
    f, c = trace["f"][:, 1], trace["c"][:, 1]
    figures = {
        "mean": f.mean(axis=0),
        "variance": f.var(axis=0),
        "change": np.abs(c[-1] - trace["c0"][1]),
        "timescale": -1 / np.log(f.mean(axis=0)),
    }
    for sort, values in figures.items():
        page.get_by_label("Sort units by").select_option(sort)
        drawn(page, f"f 1 {sort}")
        order = rows(values)
        for row in (0, 5, 15):
            at = cell(page, 1, row, trace)
            at["canvas"].hover(position=at["position"])
            assert place(page)[1] == order[row], sort


def test_the_sort_is_chosen_by_keyboard_alone(gates: Visitor) -> None:
    page = gates.page
    page.get_by_label("Sort units by").focus()
    page.keyboard.press("v")
    drawn(page, "f 1 variance")


def test_gates_and_layers_are_chosen_by_keyboard(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_role("radio", name="f forget").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="g candidate")).to_be_checked()
    expect(page.locator("#explain")).to_contain_text("Candidate g")
    drawn(page, "g 1 timescale")
    token, unit = place(page)
    assert shown(page) == pytest.approx(trace["g"][token, 1, unit], abs=6e-4)
    page.get_by_role("radio", name="Layer 2").focus()
    page.keyboard.press("ArrowLeft")
    drawn(page, "g 0 timescale")
    token, unit = place(page)
    assert shown(page) == pytest.approx(trace["g"][token, 0, unit], abs=6e-4)


def test_the_table_names_the_units_whose_cell_moved_farthest(gates: Visitor, trace: Trace) -> None:
    moved = np.abs(trace["c"][-1, 1] - trace["c0"][1])
    order = rows(moved)[:12]
    lines = gates.page.locator("#most tr")
    expect(lines).to_have_count(12)
    assert lines.locator("th").all_inner_texts() == [str(unit) for unit in order]
    first = [number(text) for text in lines.first.locator("td").all_inner_texts()[:6]]
    unit = order[0]
    mean_f = trace["f"][:, 1, unit].mean()
    after, before = trace["c"][-1, 1, unit], trace["c0"][1, unit]
    assert first[:5] == pytest.approx(
        [before, after, after - before, trace["i"][:, 1, unit].mean(), mean_f], abs=6e-4
    )
    assert first[5] == pytest.approx(-1 / np.log(mean_f), rel=0.02, abs=0.06)
    lines.first.get_by_role("button").click()
    assert place(gates.page)[1] == unit
    expect(gates.page.get_by_text(f"coloured by f of unit {unit} in layer 2")).to_be_visible()


def test_the_histogram_counts_the_saturated_ends(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_role("radio", name="i input").click()
    drawn(page, "i 1 timescale")
    values = trace["i"][:, 1]
    for end, share in (("below", (values < 0.1).mean()), ("above", (values > 0.9).mean())):
        said = float(page.locator(f"#{end}").inner_text().split(": ")[1].removesuffix("%"))
        assert said == pytest.approx(100 * share, abs=0.51)
    for gate in "ifogh":
        low = 0.1 if gate in "ifo" else -0.9
        values = trace[gate][:, 1]
        cells = page.locator(f"#saturation tr[data-gate={gate}] td.mono").all_inner_texts()
        shares = [float(text.removesuffix("%")) for text in cells]
        wanted = [100 * (values < low).mean(), 100 * (values > 0.9).mean()]
        assert shares == pytest.approx(wanted, abs=0.51)


def test_a_short_turn_fills_the_map(gates: Visitor, trace: Trace) -> None:
    assert len(trace["f"]) >= 8
    box = gates.page.locator("#map")
    inner = "one => [one.querySelector('canvas').offsetWidth, one.clientWidth]"
    wide, room = box.evaluate(inner)
    assert abs(wide - room) <= 1


def test_a_turn_without_a_state_says_so(visitor: Visitor) -> None:
    chat = visitor.start_chat()
    visitor.talk("Hello.")  # with which the chat is stored
    turn = Turn.objects.create(
        chat_id=chat,
        position=2,
        client_turn_id=chat,
        seed=1,
        status="interrupted",
        user_text="Hello?",
    )
    visitor.page.goto(f"{visitor.url}/turn/{turn.pk}/")
    expect(visitor.page.get_by_text("This turn has no state")).to_be_visible()


def test_each_column_of_the_map_has_its_token_as_its_head(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    drawn(page)
    sentence = page.locator("#sentence .token").evaluate_all(
        "all => all.map(one => one.textContent.trim())"
    )
    canvas = page.locator(".heat").first.bounding_box()
    assert canvas is not None
    column = canvas["width"] / len(sentence)
    every = math.ceil(11 / column)  # px that a head takes
    heads = page.locator(".pane").first.locator(".heads span")
    # The last token has its head always; what would stand in its way has none.
    last, room = len(sentence) - 1, canvas["width"] - 2 * every * column + 0.5
    shown = [t for t in range(0, last, every) if not t or (t + 0.5 - every / 2) * column <= room]
    shown.append(last)
    # A long word over a narrow column ends in a mark, and isn't cut by its box.
    whole = [text if len(text) <= 11 else f"{text[:10]}…" for text in sentence]
    assert heads.all_text_contents() == [whole[t] for t in shown]
    middles = heads.evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => box.x + box.width / 2)"
    )
    for t, middle in list(zip(shown, middles, strict=True))[1:-1]:  # the others may be moved in
        assert abs(middle - canvas["x"] - (t + 0.5) * column) < 1.5

    # The crosshair stands on the pin at first: one mark is drawn there, not two.
    assert place(page)[0] == most_moved(trace, 1)
    expect(page.locator(".map .pinned")).to_be_visible()
    expect(page.locator(".map .column")).to_be_hidden()
    page.locator("#map").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft" if place(page)[0] else "ArrowRight")
    expect(page.locator(".map .column")).to_be_visible()
