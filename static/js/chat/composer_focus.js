// The message box takes the focus by itself only where no keyboard comes up with it: with a finger
// the messages take it.
export function focusComposer() {
  const touch = matchMedia("(pointer: coarse)").matches;
  document.getElementById(touch ? "scroller" : "text").focus({ preventScroll: touch });
}
