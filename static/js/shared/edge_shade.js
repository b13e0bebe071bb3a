// A box that scrolls shows it where its scroll bar is hidden or overlaid: its frame (`.edges`) is shaded
// at each side where more follows.
export function shadeEdges(box) {
  const { classList } = box.parentElement;
  const look = () => {
    const end = box.scrollWidth - box.clientWidth;
    classList.toggle("more-before", box.scrollLeft > 1);
    classList.toggle("more-after", box.scrollLeft < end - 1);
    const bottom = box.scrollHeight - box.clientHeight;
    classList.toggle("more-above", box.scrollTop > 1);
    classList.toggle("more-below", box.scrollTop < bottom - 1);
  };
  box.addEventListener("scroll", look, { passive: true });
  const watcher = new ResizeObserver(look);
  for (const watched of [box, box.firstElementChild]) if (watched) watcher.observe(watched);
}
