// The message field takes the focus by itself only where no on-screen keyboard comes with it: on a
// touch screen the messages take it.
export function focusComposer() {
  const touch = matchMedia("(pointer: coarse)").matches;
  document.getElementById(touch ? "scroller" : "text").focus({ preventScroll: touch });
}
