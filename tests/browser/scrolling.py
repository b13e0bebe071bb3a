"""Scripts that wait for a scroller in frames: what is drawn late may move it once more."""

_FRAMES = """async (scroller) => {
  for (let frame = 0, still = 0; frame < 300; frame += 1) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    still = (%s) ? still + 1 : 0;
    if (still === 10) return true;
  }
  return false;
}"""

#: Whether it stands at its end for ten frames in a row, within five seconds.
COMES_TO_ITS_END = (
    _FRAMES % "scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 2"
)
#: The same of its top, as where a key scrolls there.
COMES_TO_ITS_TOP = _FRAMES % "scroller.scrollTop === 0"
#: Scrolls to its top until it stays there for ten frames.
GOES_TO_ITS_TOP = _FRAMES % "scroller.scrollTop === 0 || scroller.scrollTo(0, 0)"
