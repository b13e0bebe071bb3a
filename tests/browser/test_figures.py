"""The drawings on the pages of prose: no label stands in the way of an arrow."""

import pytest

from tests.browser.visitor import Visitor

# Which texts are crossed by a straight line of the same drawing, by more than a pixel.
CROSSED = """() => [...document.querySelectorAll("figure svg")].flatMap((svg) => {
  const boxes = (list) => [...list].map((one) => [one, one.getBoundingClientRect()]);
  const lines = boxes(svg.querySelectorAll(".line path"))
    .filter(([, { width, height }]) => !width || !height);
  const crosses = (line, text) =>
    line.left < text.right - 1 && line.right > text.left + 1
    && line.top < text.bottom - 1 && line.bottom > text.top + 1;
  return boxes(svg.querySelectorAll("text:not(.knot *)"))
    .filter(([, text]) => lines.some(([, line]) => crosses(line, text)))
    .map(([text]) => text.textContent);
})"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_arrow_runs_through_a_label(visitor: Visitor, language: str) -> None:
    page = visitor.page
    page.context.add_cookies([{"name": "django_language", "value": language, "url": visitor.url}])
    page.goto(f"{visitor.url}/about/memory/")
    assert page.locator("figure svg .line path").count() > 8
    assert page.evaluate(CROSSED) == []
