"""The gate view as somebody reads it: what stands where, in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Page, expect
from safetensors.numpy import load as load_safetensors

from tests.browser.visitor import Visitor

Trace = dict[str, np.ndarray]


def open_gates(visitor: Visitor) -> Visitor:
    """From the chat to the gate view of its last reply."""
    visitor.page.get_by_role("link", name="gates", exact=False).last.click()
    drawn(visitor.page)
    return visitor


def drawn(page: Page, what: str = "") -> None:
    """The maps are there; `what`: gate, layer (from 0, or all) and sort."""
    expect(page.locator("#map.drawn")).to_be_visible()
    if what:
        expect(page.locator("#panes")).to_have_attribute("data-shown", what)


def trace_of(page: Page, turn: object = "") -> Trace:
    base = page.url.split("#")[0]
    url = f"{base.split('/turn/')[0]}/turn/{turn}/" if turn else base
    return load_safetensors(page.request.get(f"{url}trace.safetensors").body())


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def shown(page: Page) -> float:
    return number(page.locator("#at-value").inner_text())


def place(page: Page) -> tuple[int, int]:
    """The token and the unit whose value stands there."""
    token = page.locator("#at-token").inner_text().rsplit(" ", 1)[1].split("/")[0]
    unit = page.locator("#at-unit").inner_text().split(" / ")[0]
    return int(token) - 1, int(unit)


def cell(page: Page, token: int, row: int, trace: Trace, *, pane: int = 0) -> dict[str, Any]:
    """The canvas of a pane, and where in it a token's column and a row cross."""
    canvas = page.locator(".map .heat").nth(pane)
    box: Any = canvas.bounding_box()
    tokens, _, units = trace["f"].shape
    x, y = (token + 0.5) * box["width"] / tokens, (row + 0.5) * box["height"] / units
    return {"canvas": canvas, "position": {"x": x, "y": y}}


def by_timescale(trace: Trace, layer: int) -> list[int]:
    """Unit numbers of a layer in the order in which a view opens."""
    f = trace["f"][:, layer].mean(axis=0)
    return rows(-1 / np.log(f))


def most_moved(trace: Trace, layer: int) -> int:
    """The token at which a view opens: of those of the text the one that moved what lasts most."""
    c = np.concatenate([trace["c0"][None, layer], trace["c"][:, layer]])
    slow = -1 / np.log(trace["f"][:, layer].mean(axis=0)) >= 10
    moved = np.diff(c, axis=0)[:, slow if slow.any() else slice(None)]
    control = np.isin(trace["token_ids"], trace["token_ids"][[0, -1]]) | (trace["token_ids"] == 1)
    return int(np.argmax(np.where(control, -1, np.linalg.norm(moved, axis=1))))


def rows(values: np.ndarray) -> list[int]:
    """Unit numbers from the top row down, for one figure a unit."""
    return [int(unit) for unit in np.argsort(-values, kind="stable")]
