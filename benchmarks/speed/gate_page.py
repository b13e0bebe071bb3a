"""A gate view as somebody sees it: how soon its first map is there, and how smoothly it moves.

In Chromium, on the site in a process of its own (gate_page_site.py). By the clock, since waiting is
what
this is about: beside each figure stands the same of something that can't be faster here, taken in
turns with it, so that what else the machine does falls on both.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.speed.fixtures import Replies
from benchmarks.speed.gate_page_site import LAYERS, SIZE, TOKENS
from benchmarks.speed.timing import Line, ratio

#: Seconds that the pointer rests on a link before it is clicked: people don't take less.
AIM = 0.3
#: Frames of one scroll from end to end.
FRAMES = 90

# When the map was there, as the page's own clock has it: the frame after it was drawn.
WATCH = """
const look = () => document.querySelector("#map.drawn")
  ? requestAnimationFrame(() => setTimeout(() => { window.opened = performance.now() / 1000; }))
  : requestAnimationFrame(look);
look();
"""
# Scrolls a box from end to end and back, walks over it by arrow keys or moves the pointer over it,
# a step in each frame; answers with the length of each frame in ms and the tasks of over 50 ms.
SCROLL = """
async ([selector, frames, how]) => {
  const box = document.querySelector(selector);
  const long = [];
  const watch = new PerformanceObserver((list) => long.push(...list.getEntries()));
  watch.observe({ type: "longtask" });
  const far = box.scrollWidth - box.clientWidth, deep = box.scrollHeight - box.clientHeight;
  const next = () => new Promise(requestAnimationFrame);
  const lengths = [];
  const canvas = box.querySelector("canvas");
  const { left, top, width, height } = box.getBoundingClientRect();
  const point = (at) => new PointerEvent("pointermove",
    { bubbles: true, clientX: left + at * (width - 4) + 2, clientY: top + at * (height - 4) + 2 });
  if (how === "keys") box.focus();
  await next();
  for (let k = 0, before = await next(); k < frames; k += 1) {
    const at = 1 - Math.abs(1 - (2 * k) / frames);
    const arrow = { key: "ArrowRight", shiftKey: k % 9 === 0 };
    if (how === "keys") box.dispatchEvent(new KeyboardEvent("keydown", arrow));
    else if (how === "hover") canvas.dispatchEvent(point(at));
    else box.scrollTo(at * far, at * deep);
    const now = await next();
    lengths.push(now - before);
    before = now;
  }
  watch.takeRecords().forEach((one) => long.push(one));
  watch.disconnect();
  return { lengths, long: long.length };
}
"""
# The least that a scroll can cost: a box of the same size over one flat colour.
FLAT = """
<!doctype html><style>div { overflow: auto; contain: strict }
i { display: block; background: #0072b2 }</style>
<div id="map" tabindex="0"><i></i></div>
"""


@contextmanager
def site(turns: int) -> Iterator[dict[str, Any]]:
    """The site with a chat of so many long turns: {url, session, chat, turns}."""
    with tempfile.TemporaryDirectory() as folder:
        from tests.browser.server import free_port

        port = free_port()
        env = os.environ | {"DATA_DIR": folder, "PORT": str(port), "LOG_LEVEL": "ERROR"}
        command = [sys.executable, "-m", "benchmarks.speed.gate_page_site", str(turns)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
        ) as process:
            assert process.stdout is not None
            made = json.loads(process.stdout.readline())
            yield made | {"url": f"http://127.0.0.1:{port}"}
            process.communicate()  # its input ends, and so does it


def looking(replies: Replies, rounds: int) -> Iterator[Line]:
    """Opening and moving about in turns of 500 tokens on 3 x 1024."""
    del replies
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), "")
    if not chromium:
        print("# looking: chromium is not installed, so nothing was opened", file=sys.stderr)
        return
    with site(2 * rounds + 2) as made, sync_playwright() as play:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = play.chromium.launch(executable_path=chromium, args=[*sandbox, "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies(
            [{"name": "sessionid", "value": str(made["session"]), "url": str(made["url"])}]
        )
        context.add_init_script(WATCH)
        page = context.new_page()
        yield from _opening(page, made, rounds)
        yield from _moving(page, rounds)
        browser.close()


def _opened(page: Any) -> float:
    """Seconds from the navigation's start to the first map on the screen."""
    page.locator("#map.drawn").wait_for(timeout=120_000)
    while True:
        found = page.evaluate("window.opened ?? null")
        if found is not None:
            return float(found)


def _opening(page: Any, made: dict[str, Any], rounds: int) -> Iterator[Line]:
    by_link: list[float] = []
    by_address: list[float] = []
    again: list[float] = []
    turns = iter(made["turns"])
    for number in range(rounds + 1):
        address, link = (f"{made['url']}/turn/{next(turns)}/" for _ in range(2))
        page.goto(address, wait_until="commit")
        first = _opened(page)
        page.locator("#beat-list li").first.wait_for(timeout=120_000)  # the upper layers' end
        page.goto(address, wait_until="commit")
        second = _opened(page)
        page.goto(f"{made['url']}/chat/{made['chat']}/")
        gates = page.locator(f'a.gates[href="{link.removeprefix(made["url"])}"]')
        gates.scroll_into_view_if_needed()
        # Read before it is looked into: the strips in view are there.
        page.locator(f'[data-turn="{link.split("/")[-2]}"] .strip canvas[aria-label]').wait_for(
            timeout=120_000
        )
        page.wait_for_load_state("networkidle", timeout=120_000)
        gates.hover()
        page.wait_for_timeout(1000 * AIM)
        gates.click(no_wait_after=True)
        followed = _opened(page)
        if number:  # the first is for warming up
            by_address.append(first)
            again.append(second)
            by_link.append(followed)
    what = f"a gate view of {TOKENS} tokens on {LAYERS} x {SIZE}"
    for name, seconds, goal in (
        ("opened from its chat", by_link, 1.0),
        ("opened by its address, nothing of it known", by_address, 1.0),
        ("opened again", again, None),
    ):
        yield Line(f"seconds to {what}, {name}", statistics.median(seconds), goal, at_least=False)
    yield Line(f"{what}, opened from its chat over by its address", ratio(by_link, by_address))


def _moving(page: Any, rounds: int) -> Iterator[Line]:
    size = page.evaluate(
        """() => { const box = document.querySelector("#map"), inner = box.firstElementChild;
        return [box.clientWidth, box.clientHeight, inner.offsetWidth, inner.offsetHeight]; }"""
    )
    flat = page.context.new_page()
    flat.set_content(FLAT)
    flat.evaluate(
        """([w, h, iw, ih]) => { const box = document.querySelector("#map");
        Object.assign(box.style, { width: `${w}px`, height: `${h}px` });
        Object.assign(box.firstChild.style, { width: `${iw}px`, height: `${ih}px` }); }""",
        size,
    )
    taken: dict[str, list[list[float]]] = {"flat": [], "scroll": [], "keys": [], "hover": []}
    long = 0
    for number in range(rounds + 1):
        for name in taken:
            where = flat if name == "flat" else page
            where.bring_to_front()
            found = where.evaluate(SCROLL, ["#map", FRAMES, name])
            if number:
                taken[name].append(sorted(found["lengths"]))
                long += found["long"] if name != "flat" else 0
    flat.close()

    def at(name: str, share: float) -> list[float]:
        return [lengths[min(FRAMES - 1, int(share * FRAMES))] for lengths in taken[name]]

    for name in taken:
        middle, late, worst = (statistics.median(at(name, s)) for s in (0.5, 0.95, 1.0))
        said = f"median {middle:.1f}, 95th of 100 {late:.1f}, worst {worst:.1f} ms"
        print(f"#   frames, {name}: {said}", file=sys.stderr)
    print(f"#   tasks of over 50 ms while it moved: {long}", file=sys.stderr)
    over = "over scrolling a flat colour of that size"
    yield Line(
        f"95th frame of scrolling the map {over}",
        ratio(at("scroll", 0.95), at("flat", 0.95)),
        1.5,
        at_least=False,
    )
    yield Line(
        f"worst frame of scrolling the map {over}", ratio(at("scroll", 1.0), at("flat", 1.0))
    )
    for what, name in (
        ("walking by arrow keys", "keys"),
        ("moving the pointer", "hover"),
    ):
        yield Line(
            f"95th frame of {what} {over}",
            ratio(at(name, 0.95), at("flat", 0.95)),
            1.5,
            at_least=False,
        )
