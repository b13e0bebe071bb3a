"""What a finger can hit on a page: the areas that belong to links, buttons and fields."""

from playwright.sync_api import Page

# An area is what `elementFromPoint` gives to the element, its descendants or its label, from its
# middle to all four sides. Left out: what lies under something else; a link in running text (as
# WCAG 2.5.8 does).
SMALL = """() => {
  const small = [];
  const shown = (it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const inText = (it) => getComputedStyle(it).display === "inline"
    && it.parentElement.textContent.trim().length > it.textContent.trim().length;
  const all = "a[href], button, select, summary, textarea, input:not([type=hidden]),"
    + "[role=button], [role=menuitem]";
  for (const it of document.querySelectorAll(all)) {
    if (!shown(it) || it.disabled || it.closest(".unseen, .skip") || inText(it)) continue;
    it.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = it.getClientRects()[0];
    if (!box || box.width <= 1) continue;
    const own = (x, y) => {
      const hit = document.elementFromPoint(x, y);
      if (!hit || it.contains(hit)) return !!hit;
      const other = hit.closest("a, button, input, select, summary");
      return !other && [...(it.labels ?? [])].some((label) => label.contains(hit));
    };
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    if (!own(x, y)) continue;
    const reach = (dx, dy) => {
      let far = 0;
      while (far < 44 && own(x + dx * (far + 0.5), y + dy * (far + 0.5))) far += 0.5;
      return far;
    };
    const [width, height] = [reach(-1, 0) + reach(1, 0), reach(0, -1) + reach(0, 1)];
    if (Math.min(width, height) >= 43.5) continue;
    small.push(`${it.outerHTML.slice(0, 80)} ${width}x${height}`);
  }
  return small;
}"""


class Finger:
    """Collects what is smaller than a finger, by the name of the place."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.small: list[str] = []

    def measure(self, place: str) -> None:
        """Everything that is in view or can be scrolled into it, with whatever is open now."""
        assert self.page.evaluate("matchMedia('(pointer: coarse)').matches")
        self.small += [f"{place}: {each}" for each in self.page.evaluate(SMALL)]

    def open_details(self) -> None:
        for summary in self.page.locator("summary:visible").all():
            if not summary.evaluate("it => it.parentElement.open"):
                summary.click()
